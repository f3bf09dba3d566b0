import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { startChromium } from '../support/chromium.ts';
import { endWith } from '../support/cleanup.ts';
import { startInstance } from '../support/instance.ts';
import { secretToken, tokenSecret } from '../support/tokens.ts';

const file = { after };
const chromium = await startChromium(file);
const site = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end('<p>a site</p>'));
await once(site.listen(0, '127.0.0.1'), 'listening');
endWith(file, () => site.close().closeAllConnections());
const { port } = site.address() as AddressInfo;
const app = `http://app.page.test:${port}`;
const sibling = `http://evil.page.test:${port}`;

const server = await startInstance(file, {
  flags: [`--origins=${app}`, '--token-cookie=session'],
  env: { TIDINGS_TOKEN_SECRET: tokenSecret },
});
// Of the same site as both pages, so that the browser sends the cookie whichever of them asks.
const serverUrl = `tidings.page.test:${new URL(server.url).port}`;

/** What a page at this address gets that opens a WebSocket with these arguments: the subprotocol, or `closed`. */
async function listensFrom(
  t: TestContext,
  pageUrl: string,
  socketArguments: string,
  cookie?: string,
): Promise<unknown> {
  const page = await chromium.newPage();
  t.after(() => page.close());
  if (cookie !== undefined) {
    const usual = { domain: '.page.test', path: '/', httpOnly: true };
    await page.context().addCookies([{ name: 'session', value: cookie, ...usual }]);
  }
  await page.goto(pageUrl);
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket(${socketArguments});
    socket.onopen = () => resolve('open ' + socket.protocol);
    socket.onclose = () => resolve('closed');
  })`);
}

const token = secretToken({ sub: 'ann' });
const forged = secretToken({ sub: 'ann' }, { secret: `${tokenSecret}x` });
const plain = `'ws://${serverUrl}/ws'`;

test('a page shows its token as a subprotocol, and is told the other one', async (t) => {
  const by = (shown: string): string => `${plain}, ['tidings', 'token.${shown}']`;
  assert.equal(await listensFrom(t, app, by(token)), 'open tidings');
  assert.equal(await listensFrom(t, app, by(forged)), 'closed');
  assert.equal(await listensFrom(t, sibling, by(token)), 'closed');
});

test('a cookie lets pages of an allowed origin and of the server listen, and no other that the browser sends it for', async (t) => {
  assert.equal(await listensFrom(t, app, plain), 'closed', 'without one');
  assert.equal(await listensFrom(t, app, plain, token), 'open ');
  assert.equal(await listensFrom(t, `http://${serverUrl}/demo/`, plain, token), 'open ');
  assert.equal(await listensFrom(t, app, plain, forged), 'closed');
  assert.equal(await listensFrom(t, sibling, plain, token), 'closed');
  const refused = await server.logged('origin.refused');
  assert.equal(refused['origin'], sibling);
});
