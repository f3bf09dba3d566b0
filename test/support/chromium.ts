import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { endWith, type Scope } from './cleanup.ts';
import { patienceMs } from './deadline.ts';
import { artifactPath } from './project.ts';

export interface Chromium {
  readonly browser: Browser;
  /** A page in a context of its own. The test fails at its end if a script of the page threw what nobody caught. */
  newPage(options?: BrowserContextOptions): Promise<Page>;
}

// Without a network beyond this machine, what Chromium does by itself in the background only fails.
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

/** Starts the system's own Chromium, headless and with an empty profile; for it, every name below `.test` is this machine. */
export async function startChromium(scope: Scope): Promise<Chromium> {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ARGS, headless: true });
  const pageErrors: Error[] = [];
  endWith(scope, async () => {
    await browser.close();
    if (pageErrors.length > 0)
      throw new AggregateError(pageErrors, `in the page: ${pageErrors.map(String).join('; ')}`);
  });
  return {
    browser,
    async newPage(options) {
      const page = await browser.newPage(options);
      page.setDefaultTimeout(patienceMs);
      page.on('pageerror', (error) => pageErrors.push(error));
      return page;
    },
  };
}

/** Keeps a picture of the page as `artifacts/screenshots/<name>.png`, and gives its path. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const path = artifactPath(`screenshots/${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}

function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = ['chromium', 'chromium-browser'].flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error('chromium is not installed: `npm test` installs it where it can');
  return found;
}
