import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test } from 'node:test';
import { startChild } from '../support/child.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { eventually, within } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import { plainEnvironment, startInstance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { serverEntry } from '../support/project.ts';
import { openRaw } from '../support/raw-socket.ts';
import { openRawWs } from '../support/raw-ws.ts';
import { request } from '../support/request.ts';
import { runTidings } from '../support/run-command.ts';
import { connectWs } from '../support/ws-client.ts';
import { ended, readAnswers } from './serving.ts';

/** A TCP server that takes connections and says nothing. */
async function listenSilently(scope: Scope): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    endWith(scope, () => void socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endWith(scope, () => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

const msgOf = (frame: unknown): unknown => (frame as { msg: unknown }).msg;

test('SIGTERM: what was accepted is delivered, then every client is closed with 1012, then exit 0', async (t) => {
  const instance = await startInstance(t);
  const clients = [
    await connectWs(t, `${instance.wsUrl}/ws?uid=1`),
    await connectWs(t, `${instance.wsUrl}/ws?uid=1&mid=`),
    await connectWs(t, `${instance.wsUrl}/ws?uid=2`),
  ];
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const accepted: number[] = [];
  let count = 0;
  let isStopping = false;
  let isOver = false;
  const poster = async (): Promise<void> => {
    while (!isOver) {
      const msg = (count += 1);
      // A connection that the server has closed meanwhile is no answer.
      const answer = await post(instance.url, { topic: 'all', msg }, { agent }).catch(() => undefined);
      if (answer === undefined) return;
      if (answer.status === 202 && !isStopping) accepted.push(msg);
      if (answer.status !== 202) assert.equal(answer.status, 503);
      if (answer.headers['connection'] === 'close') return;
    }
  };
  const posters = Array.from({ length: 8 }, poster);
  await eventually(() => accepted.length >= 100 || undefined, '100 posts');
  isStopping = true;
  await instance.stop();
  isOver = true;
  await Promise.all(posters);
  assert.deepEqual(await instance.exited, { code: 0, signal: null });
  for (const client of clients) {
    assert.deepEqual(await client.closed, { code: 1012, reason: 'the server hands over' });
    const received = new Set(client.frames.map(msgOf));
    for (const msg of accepted) assert.ok(received.has(msg), `${msg} was accepted and not delivered`);
  }
  assert.ok(accepted.length >= 100);
});

test('posts that are read in the same turn as the signal are delivered before the goodbye', async (t) => {
  const instance = await startInstance(t);
  const client = await connectWs(t, `${instance.wsUrl}/ws?uid=1`);
  const text = JSON.stringify({ topic: 'uids', topic_ids: ['1'], msg: 'just in time' });
  const head = `POST /send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`;
  const posters = [await openRaw(t, instance.url), await openRaw(t, instance.url), await openRaw(t, instance.url)];
  for (const poster of posters) await poster.write(head);
  await request(`${instance.url}/healthz`);
  // While it is paused, bodies and signal arrive together; it reads what has come before it acts on a signal.
  instance.pause();
  for (const poster of posters) await poster.write(text);
  await instance.stop();
  const answers = await Promise.all(posters.map(async (poster) => readAnswers((await ended(poster)).toString())[0]));
  assert.deepEqual(
    answers.map((answer) => answer?.status),
    [202, 202, 202],
  );
  assert.equal((await client.closed).code, 1012);
  assert.deepEqual(client.frames.map(msgOf), ['just in time', 'just in time', 'just in time']);
});

test('while it stops it is not ready, and says that it is alive', async (t) => {
  const instance = await startInstance(t, { flags: ['--drain=30s'] });
  const holder = await openRawWs(t, `${instance.wsUrl}/ws?uid=1`);
  const waiting = await openRaw(t, instance.url);
  await waiting.write('GET /readyz HTTP/1.1\r\nHost: x\r\n');
  // It came before this one, which is answered.
  assert.match((await request(`${instance.url}/readyz`)).text, /^\{"status":"ready","instance":"[\w-]+"\}$/);
  const stopped = instance.stop();
  await instance.logged('draining');
  await waiting.write('\r\n');
  const received = await waiting.receivedUntil((text) => readAnswers(text).length === 1, 'an answer');
  const [answer] = readAnswers(received);
  assert.equal(answer?.status, 503);
  const { status, reason } = JSON.parse(answer.text) as Record<string, unknown>;
  assert.deepEqual({ status, reason }, { status: 'not ready', reason: 'The instance is draining.' });
  holder.reset();
  await stopped;
});

test('a client that does not answer its goodbye holds the stop up for a second, not for ever', async (t) => {
  // Without it would be the 5 s that any client has for its goodbye.
  const instance = await startInstance(t, { stopLimitMs: 4000 });
  const holder = await openRawWs(t, `${instance.wsUrl}/ws?uid=1`);
  await instance.stop();
  await ended(holder);
});

test('a second signal hurries the rest, and it ends well; a third ends it at once', async (t) => {
  for (const signals of [2, 3]) {
    const child = await startChild(
      process.execPath,
      [serverEntry, 'serve', '--port=0', '--admin-port=0', '--drain=10m'],
      {
        env: plainEnvironment(),
      },
    );
    endWith(t, async () => void (await child.end('SIGKILL')));
    const line = await child.line((text) => text.includes('"event":"listening"'), 'the address');
    const { url } = JSON.parse(line) as { url: string };
    // None of them answers its goodbye.
    for (let n = 0; n < 100; n += 1) await openRawWs(t, `${url.replace('http', 'ws')}/ws?uid=${n}`);
    child.signal('SIGTERM');
    await child.line((text) => text.includes('"event":"draining"'), 'the stop');
    child.signal('SIGTERM');
    await child.line((text) => text.includes('"event":"hurried"'), 'the hurry');
    if (signals === 3) child.signal('SIGTERM');
    assert.deepEqual(await within(child.exited, 'the end'), { code: signals === 3 ? 1 : 0, signal: null });
  }
});

test('SIGINT stops it as SIGTERM does', async (t) => {
  const child = await startChild(process.execPath, [serverEntry, 'serve', '--port=0', '--admin-port=0'], {
    env: plainEnvironment(),
  });
  endWith(t, async () => void (await child.end('SIGKILL')));
  await child.line((text) => text.includes('"event":"listening"'), 'the address');
  assert.deepEqual(await child.end('SIGINT'), { code: 0, signal: null });
});

for (const kind of ['redis', 'bullmq']) {
  test(`SIGTERM while ${kind} has not answered yet: exit 0, and no port was opened`, async (t) => {
    const { server, port } = await listenSilently(t);
    const asked = new Promise((resolve) => server.once('connection', resolve));
    const child = await startChild(
      process.execPath,
      [serverEntry, 'serve', '--port=0', '--admin-port=0', `--queue=${kind}/127.0.0.1:${port}`, '--queue-deadline=1m'],
      { env: plainEnvironment() },
    );
    endWith(t, async () => void (await child.end('SIGKILL')));
    await within(asked, 'a connection to the store');
    assert.deepEqual(await child.end('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(
      child.lines.filter((line) => /listening|serves/.test(line)),
      [],
    );
  });
}

test('a port in use: one line that says which, and exit 69', async (t) => {
  const { port } = await listenSilently(t);
  for (const [flags, name] of [
    [[`--port=${port}`, '--admin-port=0'], 'port'],
    [['--port=0', `--admin-port=${port}`], 'admin-port'],
  ] as const) {
    assert.deepEqual(await runTidings(['serve', ...flags]), {
      code: 69,
      stdout: '',
      stderr: `tidings: ${name}: 127.0.0.1:${port} is in use; choose another with --${name}=N\n`,
    });
  }
});

test('an admin port that nobody asked for moves out of the way', async (t) => {
  const held = createServer();
  // The default one may be held by another program on this machine, which is as good.
  await new Promise<void>((resolve) => {
    held.once('error', () => resolve());
    held.listen(3219, '127.0.0.1', resolve);
  });
  endWith(t, () => void held.close());
  const child = await startChild(process.execPath, [serverEntry, 'serve', '--port=0'], { env: plainEnvironment() });
  endWith(t, async () => void (await child.end('SIGTERM')));
  const line = await child.line((text) => text.includes('"event":"listening"'), 'the address');
  const { adminUrl } = JSON.parse(line) as { adminUrl: string };
  assert.notEqual(new URL(adminUrl).port, '3219');
  assert.equal((await request(`${adminUrl}/stats`)).status, 200);
});

for (const [args, message] of [
  [['serve', '--prot=1'], /^tidings: .*--prot.*--port.*\n$/],
  [['serve', '--port=x'], /^tidings: flag --port: must be a whole number from 0 to 65535.*\n$/],
  [['serve', '--queue=disque/localhost:7711'], /^tidings: .*bullmq.*\n$/],
  [['serve', '--host=0.0.0.0'], /^tidings: .*--insecure.*\n$/],
  [['srve'], /^tidings: .*srve.*\n$/],
] as const) {
  test(`${args.join(' ')}: one line, and exit 64`, async () => {
    const { code, stdout, stderr } = await runTidings(args);
    assert.equal(code, 64, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  });
}

test('start-up says where to post, to listen and to look, and it is so', async (t) => {
  const instance = await startInstance(t);
  const line = (name: string): string => {
    const found = instance.lines.find((text) => text.startsWith(`  ${name} `));
    return found?.slice(10) ?? assert.fail(`${name} in ${instance.lines.join('\n')}`);
  };
  await instance.logged('listening');
  await eventually(() => instance.lines.some((text) => text.startsWith('  Try')) || undefined, 'the start-up lines');
  const client = await connectWs(t, line('Listen'));
  const answer = await request(line('Post'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"topic":"all","msg":"hello"}',
  });
  assert.equal(answer.status, 202);
  assert.equal(msgOf(await client.next()), 'hello');
  assert.match((await request(line('Demo'))).text, /<!doctype html>/i);
  assert.equal((await request(line('Admin'))).status, 200);
  assert.match(line('Queue'), /^list \(volatile/);
  const { location = '' } = (await request(`${instance.url}/`)).headers;
  assert.equal(new URL(location, `${instance.url}/`).href, line('Demo'));
  assert.equal((await request(`${instance.url}/healthz`)).text, '{"status":"ok"}');
});

test('a port of one’s own choice is the one that is opened', async (t) => {
  const port = await freePort();
  const instance = await startInstance(t, { flags: [`--port=${port}`] });
  assert.equal(instance.url, `http://127.0.0.1:${port}`);
});
