import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { assertError, startServing } from './serving.ts';

const closed = await startServing({ after });
const listed = await startServing({ after }, { flags: ['--origins=https://app.example.com,https://*.example.org'] });
const { port } = new URL(closed.url);

/** What comes of a browser's page that listens. */
async function listens(t: TestContext, wsUrl: string, headers: Record<string, string>): Promise<boolean> {
  try {
    await (await connectWs(t, `${wsUrl}/ws?uid=1`, { headers })).close();
    return true;
  } catch {
    const { message } = assertError(await refusedWs(`${wsUrl}/ws?uid=1`, { headers }), 'origin_refused');
    assert.ok(message.includes(`--origins=${headers['origin']}`), message);
    return false;
  }
}

test('with no origin listed, only pages of this machine and of this server listen', async (t) => {
  for (const [headers, may] of [
    [{}, true],
    [{ origin: `http://127.0.0.1:${port}` }, true],
    [{ origin: `http://localhost:${port}`, host: `localhost:${port}` }, true],
    [{ origin: 'http://localhost:3000' }, true],
    [{ origin: 'http://192.168.1.5:3210', host: '192.168.1.5:3210' }, true],
    [{ origin: 'https://evil.com' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'file://' }, false],
    [{ origin: '' }, false],
    // DNS rebinding: the page's own name leads to our address.
    [{ origin: `http://evil.com:${port}`, host: `evil.com:${port}` }, false],
    [{ origin: 'http://localhost:3000', host: 'notify.example.com' }, false],
  ] as const) {
    assert.equal(await listens(t, closed.wsUrl, headers), may, JSON.stringify(headers));
  }
  await closed.serves();
});

test('a listed origin listens and posts, its star stands for the names below; no other does either', async (t) => {
  for (const [origin, may] of [
    ['https://app.example.com', true],
    ['https://a.b.example.org', true],
    ['https://example.org', false],
    ['http://a.example.org', false],
    ['https://x.app.example.com', false],
    ['https://a.example.org.evil.com', false],
  ] as const) {
    assert.equal(await listens(t, listed.wsUrl, { origin }), may, origin);
    const { status } = await post(listed.url, { topic: 'all', msg: 'm' }, { headers: { origin } });
    assert.equal(status, may ? 202 : 403, origin);
  }
});

test('a refused page is counted and told of in the log, on whichever path', async (t) => {
  for (const path of ['/ws', '/send']) {
    const server = await startInstance(t);
    const headers = { origin: 'https://evil.com' };
    if (path === '/ws') await refusedWs(`${server.wsUrl}/ws?uid=secret`, { headers });
    else await post(server.url, { topic: 'all', msg: 'm' }, { headers });
    const line = await server.logged('origin.refused');
    assert.deepEqual([line['path'], line['origin'], line['refused']], [path, 'https://evil.com', 1]);
    assert.match(String(line['msg']), /start with --origins=https:\/\/evil\.com$/);
    assert.ok(!JSON.stringify(line).includes('secret'));
  }
  const before = (await closed.stats()).counters;
  await refusedWs(`${closed.wsUrl}/ws?uid=1`, { headers: { origin: 'https://evil.com' } });
  const { counters } = await closed.stats();
  for (const name of ['originsRefused', 'listenersRefused']) {
    assert.equal(counters[name], (before[name] ?? 0) + 1, name);
  }
});
