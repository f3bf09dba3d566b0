import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { startChromium } from '../support/chromium.ts';
import { endWith } from '../support/cleanup.ts';
import { startInstance } from '../support/instance.ts';

const file = { after };
const chromium = await startChromium(file);
const site = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end('<p>a site</p>'));
await once(site.listen(0, '127.0.0.1'), 'listening');
endWith(file, () => site.close().closeAllConnections());
const origin = `http://page.test:${(site.address() as AddressInfo).port}`;

/** What the page at this address gets of a server: `open`, or `closed`. */
async function listensFrom(t: TestContext, pageUrl: string, wsUrl: string): Promise<unknown> {
  const page = await chromium.newPage();
  t.after(() => page.close());
  await page.goto(pageUrl);
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket('${wsUrl}/ws?uid=1');
    socket.onopen = () => resolve('open');
    socket.onclose = () => resolve('closed');
  })`);
}

test('a page of another site may not listen, and the log says what would let it', async (t) => {
  const server = await startInstance(t);
  assert.equal(await listensFrom(t, origin, server.wsUrl), 'closed');
  const { msg } = await server.logged('origin.refused');
  const [flag] = /--origins=\S+$/.exec(String(msg)) ?? [];
  assert.equal(flag, `--origins=${origin}`);
  const open = await startInstance(t, { flags: [flag] });
  assert.equal(await listensFrom(t, origin, open.wsUrl), 'open');
});

test('a name whose owner has bound it to this machine lets no page listen, not even our own', async (t) => {
  const server = await startInstance(t);
  const { port } = new URL(server.url);
  assert.equal(await listensFrom(t, `http://evil.test:${port}/demo/`, `ws://evil.test:${port}`), 'closed');
  assert.equal((await server.logged('origin.refused'))['origin'], `http://evil.test:${port}`);
  assert.equal(await listensFrom(t, `${server.url}/demo/`, server.wsUrl), 'open');
});
