import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { steadyPort } from '../../support/steady-port.ts';

test('a port that was given is not given again before its scope is over, although no server is on it', async (t) => {
  const given = await steadyPort(t);
  assert.notEqual(await steadyPort(t, firstThenAny(given)), given);
});

test('a port is free for others once its scope is over', async (t) => {
  const ends: (() => Promise<void>)[] = [];
  const given = await steadyPort({ after: (end) => ends.push(end) });
  await Promise.all(ends.map((end) => end()));
  assert.equal(await steadyPort(t, () => given), given);
});

test('a port with a server on it is not given', async (t) => {
  const server = createServer();
  const free = await steadyPort(t);
  server.listen(free, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  assert.notEqual(await steadyPort(t, firstThenAny(free)), free);
});

/** What to try: `port`, and then others. */
function firstThenAny(port: number): () => number {
  const tries = [port];
  return () => tries.pop() ?? 20_000 + Math.floor(Math.random() * 10_000);
}
