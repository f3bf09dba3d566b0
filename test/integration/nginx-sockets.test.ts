import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { eventually, within } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { connectWs, refusedWs } from '../support/ws-client.ts';
import { portOf, startProxy, statsOf } from './nginx/proxy.ts';
import { startStandIn } from './nginx/stand-in.ts';

const MIB = 1024 * 1024;

test('listeners of both modes and both forms hear through nginx; refusals and closings pass as they are', async (t) => {
  const instance = await startInstance(t, { flags: ['--max-connections-per-uid=1'] });
  const nginx = await startProxy(t, { primary: portOf(instance), backup: await freePort() });
  const plain = await connectWs(t, `${nginx.wsUrl}/ws?uid=1`);
  const document = encodeURIComponent('{"uid":"2","types":["notice","alert"]}');
  const tracked = await connectWs(t, `${nginx.wsUrl}/ws?d=${document}&mid=`, { origin: nginx.url });
  assert.equal(((await tracked.next()) as { event: string }).event, 'welcome');

  // Larger than any buffer on the way.
  const large = 'ä€😀'.repeat(50_000);
  for (const msg of ['small', large]) {
    assert.equal((await post(nginx.url, { topic: 'all', msg, time: 't' })).status, 202);
    assert.deepEqual(await plain.next(), { types: 'notice', msg, time: 't' });
    assert.equal(((await tracked.next()) as { msg: string }).msg, msg);
  }

  const nobody = await refusedWs(`${nginx.wsUrl}/ws`);
  assert.equal(nobody.status, 400);
  assert.match(nobody.text, /invalid_listen/);
  const second = await refusedWs(`${nginx.wsUrl}/ws?uid=1`);
  assert.equal(second.status, 429);
  assert.ok(Number(second.headers['retry-after']) > 0);
  assert.equal((await refusedWs(`${nginx.wsUrl}/elsewhere?uid=1`)).status, 404);

  // A frame of the client reaches the instance: so does one that is too large, and its close code the client.
  tracked.send('x'.repeat(10_000));
  assert.equal((await within(tracked.closed, 'the close frame')).code, 1009);
  assert.equal((await plain.close()).code, 1005);
  await eventually(
    async () => (await statsOf(instance)).gauges.connections === 0 || undefined,
    'the instance to let go of both',
  );
});

test('pings keep an idle listener through the time-out of nginx; without them it is cut', async (t) => {
  const replace: [string, string][] = [['proxy_read_timeout 60s', 'proxy_read_timeout 2s']];
  const behind = async (pingInterval: string): Promise<string> => {
    const instance = await startInstance(t, { flags: [`--ping-interval=${pingInterval}`] });
    const nginx = await startProxy(t, { primary: portOf(instance), backup: await freePort(), replace });
    return nginx.url;
  };
  const [pinged, silent] = await Promise.all([behind('500ms'), behind('1h')]);
  const listen = (url: string) => connectWs(t, `${url.replace('http', 'ws')}/ws?uid=1`);

  const kept = await listen(pinged);
  const cut = await listen(silent);
  assert.equal((await within(cut.closed, 'nginx to cut the listener that nobody pings')).code, 1006);
  // It has been idle for longer.
  assert.ok(kept.isOpen());
  assert.equal((await post(pinged, { topic: 'all', msg: 'still here' })).status, 202);
  assert.equal(((await kept.next()) as { msg: string }).msg, 'still here');
});

test('a reload keeps the sockets that are open, for as long as worker_shutdown_timeout says', async (t) => {
  const instance = await startInstance(t);
  const behind = { primary: portOf(instance), backup: await freePort() };
  const reload = async (nginx: { pid: number; lines: readonly string[] }): Promise<void> => {
    process.kill(nginx.pid, 'SIGHUP');
    await eventually(
      () => nginx.lines.some((line) => line.includes('gracefully shutting down')) || undefined,
      'the old workers to begin their end',
    );
  };

  const nginx = await startProxy(t, behind);
  const old = await connectWs(t, `${nginx.wsUrl}/ws?uid=1`);
  await reload(nginx);
  const young = await connectWs(t, `${nginx.wsUrl}/ws?uid=1`);
  assert.equal((await post(nginx.url, { topic: 'all', msg: 'after' })).status, 202);
  for (const client of [old, young]) assert.equal(((await client.next()) as { msg: string }).msg, 'after');

  const hasty = await startProxy(t, {
    ...behind,
    replace: [['worker_shutdown_timeout 1h', 'worker_shutdown_timeout 1s']],
  });
  const short = await connectWs(t, `${hasty.wsUrl}/ws?uid=1`);
  await reload(hasty);
  assert.equal((await within(short.closed, 'the old worker to cut its last listener')).code, 1006);
  assert.ok(old.isOpen());
});

test('an event stream passes at once, and a client that does not read is felt by the instance', async (t) => {
  // More than what the sockets on the way hold, so that without nginx in between it could not all be written.
  const event = `data: ${'x'.repeat(MIB)}\n\n`;
  const events = 64;
  const streamThrough = async (
    replace: [string, string][],
  ): Promise<{ first: Promise<string>; taken: Promise<void> }> => {
    let isTaken = (): void => {};
    const taken = new Promise<void>((resolve) => (isTaken = resolve));
    const standIn = await startStandIn(t, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: first\n\n');
      for (let n = 0; n < events; n += 1) response.write(event, n === events - 1 ? () => isTaken() : undefined);
    });
    const nginx = await startProxy(t, { primary: standIn, backup: await freePort(), replace });
    const first = new Promise<string>((resolve, reject) => {
      const asked = get(`${nginx.url}/events?uid=1`, (response: IncomingMessage) => {
        response.once('error', () => {});
        response.setEncoding('utf8').once('data', (text: string) => {
          response.pause();
          resolve(text);
        });
      });
      asked.once('error', reject);
      t.after(() => asked.destroy());
    });
    return { first, taken };
  };

  const held = await streamThrough([]);
  assert.match(await within(held.first, 'the first event of a stream that does not end'), /^data: first\n\n/);
  let isHeld = true;
  void held.taken.then(() => (isHeld = false));
  // nginx buffers by default, on disk when memory does not do, and the instance would write without end.
  const buffered = await streamThrough([['proxy_buffering off', 'proxy_buffering on']]);
  await within(buffered.taken, `nginx to take ${events} MiB that nobody reads`);
  assert.ok(isHeld);
});
