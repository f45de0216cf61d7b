// Opens an authentication URL, signs in or cancels, and reports where the browser ended up.
//
// usage: node sign_in.mjs URL REDIRECT_URL USERNAME PASSWORD
//        node sign_in.mjs URL REDIRECT_URL --cancel
//
// Prints one JSON object: every address of the main frame in order, the last one, and what the
// browser complained about.

import { withPage } from './chromium.mjs';

const [url, redirectUrl, username, password] = process.argv.slice(2);

await withPage(async (page) => {
  const visited = [];
  const complaints = [];
  page.on('framenavigated', (frame) => frame === page.mainFrame() && visited.push(frame.url()));
  page.on('console', (message) => {
    // Browsers ask any site for an icon; that there is none is nobody's fault.
    const icon = message.location().url.endsWith('/favicon.ico');
    if (message.type() === 'error' && !icon) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));

  await page.goto(url);
  const title = await page.title();
  if (username === '--cancel') {
    await page.getByRole('link', { name: /cancel/i }).click();
  } else {
    await page.locator('input[name=username]').fill(username);
    await page.locator('input[name=password]').fill(password);
    await page.locator('button[type=submit], input[type=submit]').first().click();
  }
  await page.waitForURL(redirectUrl);
  console.log(JSON.stringify({ title, visited, landed: page.url(), complaints }));
});
