import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { Chromium } from '../support/chromium.ts';
import { endWith, type Scope } from '../support/cleanup.ts';

export interface DemoOptions {
  /** The query of the page's address, `?uid=1`; with a uid in it the page connects by itself. */
  readonly query?: string;
  readonly context?: BrowserContextOptions;
  /** Lines on the console that this test provokes. Any other error or warning fails it. */
  readonly expected?: RegExp;
  /** Runs before the page is loaded: routes, a clock. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/** The demo page as a visitor handles it: everything is found by its label or its role. */
export interface Demo {
  readonly page: Page;
  /** Resolves when the connection's state begins with this. */
  state(text: string): Promise<void>;
  /** Resolves when what is known about the state contains this. */
  detail(text: string): Promise<void>;
  /** Resolves when a notification with this text is in the list. */
  arrived(text: string): Promise<void>;
  /** The bodies in the list, newest first. */
  bodies(): Promise<string[]>;
  compose(message: Message): Promise<void>;
  /** Fills the composer, presses Send and gives the answer as it is shown, once it is there. */
  send(message: Message): Promise<string>;
}

export interface Message {
  /** A comma list of uids; absent: all. */
  readonly uids?: string;
  readonly type?: string;
  readonly text: string;
  readonly json?: boolean;
  /** The label of an expiry. */
  readonly expiry?: string;
}

/** Opens the demo page of the server at `url`. */
export async function openDemo(
  scope: Scope,
  chromium: Chromium,
  url: string,
  options: DemoOptions = {},
): Promise<Demo> {
  const page = await chromium.newPage(options.context);
  endWith(scope, () => page.close());
  failOnConsole(scope, page, options.expected);
  await options.prepare?.(page);
  await page.goto(`${url}/demo/${options.query ?? ''}`);
  return handle(page);
}

function handle(page: Page): Demo {
  const body = page.getByRole('list', { name: 'Notifications, newest first' }).locator('.body');
  const compose: Demo['compose'] = async ({ uids, type = 'notice', text, json = false, expiry = 'never' }) => {
    const composer = page.getByRole('region', { name: 'Send' });
    await composer.getByRole('radio', { name: uids === undefined ? 'All' : 'Uids' }).check();
    if (uids !== undefined) await composer.getByLabel('Uids, comma list').fill(uids);
    await composer.getByLabel('Type').fill(type);
    await composer.getByLabel('Expires').selectOption({ label: expiry });
    await composer.getByLabel('JSON').setChecked(json);
    await composer.getByLabel('Message').fill(text);
  };
  return {
    page,
    state: (text) => startsWith(page.locator('#state'), text).waitFor(),
    detail: (text) => page.locator('#state-detail').filter({ hasText: text }).waitFor(),
    arrived: (text) => body.filter({ hasText: text }).first().waitFor(),
    bodies: () => body.allTextContents(),
    compose,
    async send(message) {
      await compose(message);
      const answered = page.waitForEvent('requestfinished', (request) => request.url().endsWith('/send'));
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await answered;
      const answer = page.getByRole('status', { name: 'Answer of the server' });
      await answer.locator('.status').waitFor();
      await page.locator('#answer:not([aria-busy])').waitFor();
      return answer.innerText();
    },
  };
}

function startsWith(locator: Locator, text: string): Locator {
  return locator.filter({ hasText: new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`) });
}

/** What the browser complains about, a breach of the page's own security policy included, fails the test. */
function failOnConsole(scope: Scope, page: Page, expected?: RegExp): void {
  const complaints: string[] = [];
  page.on('console', (message) => {
    const isComplaint = message.type() === 'error' || message.type() === 'warning';
    if (isComplaint && expected?.test(message.text()) !== true) complaints.push(message.text());
  });
  endWith(scope, () => {
    if (complaints.length > 0) throw new Error(`on the console of the page: ${complaints.join('; ')}`);
  });
}
