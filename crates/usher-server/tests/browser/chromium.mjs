// Starts the Chromium that the test command found, with a fresh profile and without any traffic of
// its own. Packages are resolved from where the test command installed them.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the tests with \`cargo xtask test\``);
  return value;
}

/** Runs `work` with a page of a fresh browser, and closes the browser whatever happens. */
export async function withPage(work) {
  const modules = setting('USHER_TEST_NODE_MODULES');
  const { chromium } = createRequire(join(modules, 'anchor.js'))('playwright-core');
  const browser = await chromium.launch({
    executablePath: setting('USHER_TEST_CHROMIUM'),
    headless: true,
    args: FLAGS,
  });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return await work(page);
  } finally {
    await browser.close();
  }
}
