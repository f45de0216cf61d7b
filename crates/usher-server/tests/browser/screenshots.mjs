// Takes a picture of each page, for people to look at.
//
// usage: node screenshots.mjs DIRECTORY URL...
//
// Prints the name of each picture. A page that does not load fails the run.

import { join } from 'node:path';
import { withPage } from './chromium.mjs';

const [directory, ...urls] = process.argv.slice(2);

await withPage(async (page) => {
  for (const [index, url] of urls.entries()) {
    const response = await page.goto(url);
    const name = new URL(page.url()).pathname.replaceAll(/[^a-zA-Z0-9]+/g, '-');
    const path = join(directory, `${String(index + 1).padStart(2, '0')}${name}.png`);
    await page.screenshot({ path, fullPage: true });
    console.log(`${response?.status()} ${path}`);
  }
});
