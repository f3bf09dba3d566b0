import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/request.ts';
import { closeCodeIn, encodeFrame, openRawWs } from '../support/raw-ws.ts';
import { besideHonest, holdsNothingMore, openFiles } from './hostile-beside.ts';
import { ended, startServing } from './serving.ts';

const server = await startServing({ after });
const { wsUrl } = server;

const attackers = 50;
const open = (t: Parameters<typeof openRawWs>[0], uid: string) => openRawWs(t, `${wsUrl}/ws?uid=${uid}&types=*`);

test('50 clients that flood with frames of every kind are closed with 1008, and others are served meanwhile', async (t) => {
  const files = openFiles(server);
  const before = (await server.stats()).counters['floods'] ?? 0;
  const kinds = [
    { payload: '{"types":["a"]}' },
    { payload: '{"ack":1}' },
    { payload: 'x'.repeat(4_000) },
    { opcode: 2, payload: 'x' },
    { opcode: 9, payload: 'x'.repeat(125) },
    { opcode: 10 },
    { payload: '' },
  ];
  const attack = Array.from({ length: attackers }, async (_, at) => {
    const socket = await open(t, 'flood');
    const kind = kinds[at % kinds.length] ?? {};
    await socket.write(Buffer.concat(Array.from({ length: 2_000 }, () => encodeFrame(kind))));
    // A side that has ended is a goodbye, too.
    socket.end();
    return ended(socket);
  });
  await besideHonest(server, Promise.all(attack));
  for (const received of await Promise.all(attack)) assert.equal(closeCodeIn(received), 1008);
  await holdsNothingMore(server, files);
  assert.equal((await server.stats()).counters['floods'], before + attackers);
});

/** What makes the server close a connection of the uid `deaf`. */
const reasons: readonly (readonly [string, number, () => Promise<Buffer | undefined>])[] = [
  ['its client breaks the protocol', 1002, () => Promise.resolve(encodeFrame({ opcode: 3 }))],
  [
    'its client floods',
    1008,
    () => Promise.resolve(Buffer.concat(Array.from({ length: 100 }, () => encodeFrame({ opcode: 10 })))),
  ],
  [
    'an operator disconnects it',
    4100,
    async () => {
      const { status } = await request(`${server.adminUrl}/users/deaf/disconnect`, { method: 'POST' });
      assert.equal(status, 200);
      return undefined;
    },
  ],
];

for (const [name, code, close] of reasons) {
  test(`a connection is closed since ${name}: clients that answer no close hold nothing`, async (t) => {
    const files = openFiles(server);
    const sockets = await Promise.all(Array.from({ length: attackers }, () => open(t, 'deaf')));
    const bytes = await close();
    const over = Promise.all(
      sockets.map(async (socket) => {
        if (bytes !== undefined) await socket.write(bytes);
        // It reads, answers nothing, and keeps its side open.
        return closeCodeIn(await ended(socket));
      }),
    );
    await besideHonest(server, over);
    assert.deepEqual(
      await over,
      sockets.map(() => code),
    );
    await holdsNothingMore(server, files);
  });
}

test('clients that read nothing and answer no close do not keep a server from stopping', async (t) => {
  const own = await startServing(t, { flags: ['--drain=0'], stopLimitMs: 15_000 });
  const sockets = await Promise.all(Array.from({ length: attackers }, () => openRawWs(t, `${own.wsUrl}/ws?uid=deaf`)));
  for (const socket of sockets) socket.pause();
  await own.stop();
});
