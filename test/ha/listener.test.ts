import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { endWith } from '../support/cleanup.ts';
import { within } from '../support/deadline.ts';
import { encodeFrame } from '../support/raw-ws.ts';
import { Listener } from './listener.ts';
import { ListenerLog } from './listener-log.ts';

const UPGRADED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

/** What a server does with the first connection, the second, and so on. */
type Script = readonly ((socket: Socket) => void)[];

interface Visit {
  /** The `mid` of its query. */
  readonly cursor: string;
  readonly atMs: number;
}

/** Lets one listener meet a server that does as scripted; resolves with its visits when it has come so often. */
async function meet(t: TestContext, script: Script, log = new ListenerLog('run')): Promise<readonly Visit[]> {
  const visits: Visit[] = [];
  let allMet = (): void => {};
  const met = new Promise<void>((resolve) => (allMet = resolve));
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes: Buffer) => {
      visits.push({ cursor: /mid=(\S*)/.exec(bytes.toString('latin1'))?.[1] ?? '?', atMs: performance.now() });
      script[visits.length - 1]?.(socket);
      if (visits.length === script.length) allMet();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const listener = new Listener(0, '1', { log, url, jitterMs: 10, onRefused: () => {} });
  endWith(t, () => {
    listener.end();
    for (const socket of open) socket.destroy();
    server.close();
  });
  listener.open();
  await within(met, `${script.length} visits`);
  return visits;
}

function text(json: object): Buffer {
  return encodeFrame({ payload: JSON.stringify(json), masked: false });
}

const welcome = text({ event: 'welcome', mid: 3, resumed: true });
const message = (mid: number): Buffer =>
  text({ mid, id: `id-${mid}`, types: 'notice', msg: `run:${mid}:..`, time: '' });
const close = encodeFrame({ opcode: 8, payload: Buffer.from([0x03, 0xf4]), masked: false });

test('a listener that is told to reconnect comes back after the time that it was told, with its cursor', async (t) => {
  const [first, second] = await meet(t, [
    (socket) => {
      socket.write(Buffer.concat([Buffer.from(UPGRADED), welcome, message(5), message(4), message(7)]));
      socket.write(Buffer.concat([text({ event: 'reconnect', after_ms: 700 }), close]));
    },
    (socket) => socket.write(UPGRADED),
  ]);
  assert.equal(first?.cursor, '');
  assert.equal(second?.cursor, '7');
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 690);
});

test('a handshake that is refused is tried again no sooner than Retry-After says', async (t) => {
  const [first, second, third] = await meet(t, [
    (socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n'),
    (socket) => socket.destroy(),
    (socket) => socket.write(UPGRADED),
  ]);
  assert.ok((second?.atMs ?? 0) - (first?.atMs ?? 0) >= 990);
  assert.equal(third?.cursor, '');
});

test('it answers pings, and takes frames that arrive in pieces and together', async (t) => {
  const log = new ListenerLog('run');
  let answered = (_bytes: Buffer): void => {};
  const answer = new Promise<Buffer>((resolve) => (answered = resolve));
  await meet(
    t,
    [
      (socket) => {
        socket.on('data', answered);
        const bytes = Buffer.concat([Buffer.from(UPGRADED), welcome, message(5), message(6)]);
        for (const byte of bytes) socket.write(Buffer.from([byte]));
        socket.write(encodeFrame({ opcode: 9, payload: 'hi', masked: false }));
      },
    ],
    log,
  );
  const pong = await within(answer, 'the pong');
  assert.equal(pong[0], 0x8a);
  const { kinds, mids, values, strangers } = log.columns();
  assert.deepEqual([...kinds], [0, 1, 2, 2], 'connect, welcome, two frames');
  assert.deepEqual([...mids], [-1, 3, 5, 6]);
  assert.deepEqual([...values].slice(2), [5, 6], 'the posts that they carry');
  assert.deepEqual(strangers, []);
});
