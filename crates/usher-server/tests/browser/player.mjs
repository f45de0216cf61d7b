// Plays in the demo's player: three streams, a fourth that is refused, one that takes a place over.
//
// usage: node player.mjs URL PICTURES_DIRECTORY
//
// Prints one JSON object: what a viewer and a screen reader could read at each step, and what the
// browser complained about.

import { join } from 'node:path';
import { withPage } from './chromium.mjs';

const [url, pictures] = process.argv.slice(2);

await withPage(async (page) => {
  const complaints = [];
  page.on('console', (message) => {
    // Chromium reports every answer from 400 on; here they are what is tested.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));

  const response = await page.goto(url);
  const required = page.locator('#required');
  await required.getByText('needs to send nothing').waitFor();
  const cards = page.getByRole('list', { name: 'Streams' }).locator(':scope > li');
  const card = (number) => cards.filter({ has: page.getByRole('heading', { name: `Stream ${number}`, exact: true }) });
  const play = page.getByRole('button', { name: 'Play', exact: true });

  await page.getByLabel('deviceName').fill('Den');
  for (const number of [1, 2, 3]) {
    await play.click();
    await card(number).getByText(/Next heartbeat in \d+ s/).waitFor();
  }
  await card(1).getByText(/[1-9]\d* accepted/).waitFor();

  await page.getByLabel('deviceName').fill('Kitchen');
  await play.click();
  const refusal = page.getByRole('alert');
  const replace = refusal.getByRole('button', { name: /^Stop that one and play here/ });
  await replace.nth(2).waitFor();
  const refused = await refusal.innerText();
  await page.screenshot({ path: join(pictures, 'player-refused.png'), fullPage: true });

  await replace.first().click();
  await card(4).getByText('Playing', { exact: true }).waitFor();
  await card(1).getByText(/Kicked out/).waitFor();
  const victim = await card(1).locator('.state').innerText();
  const announced = await page.locator('#news').textContent();
  await page.getByRole('button', { name: 'What does the server say is running?' }).click();
  await page.locator('#running').getByText('3 running for viewer-1').waitFor();
  const running = await page.locator('#running').innerText();

  await card(2).getByRole('button', { name: 'Stop' }).click();
  await card(2).getByText(/^Stopped/).waitFor();
  await page.getByRole('listitem').filter({ hasText: 'DELETE' }).first().locator('summary').click();
  const log = await page.locator('#log summary').allInnerTexts();
  const curl = await page.locator('#log details[open] pre').innerText();
  await page.screenshot({ path: join(pictures, 'player.png'), fullPage: true });

  await page.getByLabel('Application').selectOption('demo-app-2');
  await required.getByText('must send channel').waitFor();
  await play.click();
  await refusal.getByText(/metadata that this application must send is missing/).waitFor();

  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 360, height: 740 });
  await page.screenshot({ path: join(pictures, 'player-phone-dark.png'), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select')]
      .filter((it) => !(it.labels?.length || it.textContent.trim() || it.ariaLabel))
      .map((it) => it.outerHTML));
  const policy = response.headers()['content-security-policy'];
  console.log(JSON.stringify({ policy, refused, victim, announced, running, log, curl, overflow, unnamed, complaints }));
});
