// Walks through reports as a person would, and takes pictures: light, dark, on a phone, on paper.
//
// usage: reports.mjs DIRECTORY ORIGIN
//
// Prints one JSON object: what was seen, and whatever the browser complained about.

import { join } from 'node:path';
import { withPage } from './chromium.mjs';

const [directory, origin] = process.argv.slice(2);
const picture = (name) => ({ path: join(directory, `report-${name}.png`) });

await withPage(async (page) => {
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  const seen = { complaints, steps: [] };
  const note = async (name) => {
    seen.steps.push({
      name,
      path: await page.textContent('h1'),
      figures: await page.locator('figure svg:visible').count(),
      rows: await page.locator('tbody tr').count(),
      wider: await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
    });
    await page.screenshot(picture(name));
  };
  const follow = async (target) => Promise.all([page.waitForLoadState('load'), target.click()]);

  await page.setViewportSize({ width: 1280, height: 1500 });
  await page.goto(`${origin}/demo/reports/acme-ops`);
  await follow(page.getByRole('link', { name: '30 days' }));
  await note('days');
  await follow(page.getByRole('link', { name: 'platform', exact: true }).first());
  await note('days-by-platform');
  await follow(page.locator('thead a', { hasText: 'media-tokens' }));
  await note('one-metric');
  await page.emulateMedia({ colorScheme: 'dark' });
  await note('one-metric-dark');
  await page.setViewportSize({ width: 390, height: 1500 });
  await note('one-metric-phone');
  await page.emulateMedia({ colorScheme: 'light', media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  await page.screenshot(picture('one-metric-print'));
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize({ width: 1280, height: 1500 });

  await page.click('summary');
  await page.getByLabel('Roku', { exact: true }).check();
  await page.screenshot(picture('filter'));
  await follow(page.getByRole('button', { name: 'Show' }));
  await note('filtered');
  await follow(page.locator('.deeper').last());
  await note('hours-of-a-day');
  await follow(page.locator('a[rel=roll-up]'));
  await note('rolled-up');
  await page.goto(`${origin}/esm/v3.html`);
  await note('root');
  await page.goto(`${origin}/esm/v3/media-company.html?mvpd&platform`);
  await note('bars');

  await page.goto(`${origin}/demo/reports/acme-streams`);
  await note('streams');
  console.log(JSON.stringify(seen));
});
