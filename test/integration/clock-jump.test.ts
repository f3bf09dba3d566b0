import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { createFakeClock, type FakeClock } from '../chaos/fake-clock.ts';
import { endWith } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import { request } from '../support/request.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { startServing, type Serving } from './serving.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const bullmq = async (t: TestContext): Promise<readonly string[]> => [
  `--queue=bullmq/${(await startRedis(t)).address}`,
];

/** Where messages are kept: the journals differ, what a jump of the clock does must not. */
const setups: Readonly<Record<string, (t: TestContext) => Promise<readonly string[]>>> = {
  list: () => Promise.resolve([]),
  'data-dir': async (t) => [`--data-dir=${await makeTempDir(t)}`],
  redis: async (t) => [`--queue=redis/${(await startRedis(t)).address}`],
  bullmq,
};

interface Frame {
  readonly event?: string;
  readonly mid: number;
  readonly msg: string;
  readonly time: string;
  readonly resumed?: boolean;
}

/** A whole server process on a clock that the test sets, and two listeners who were there before it jumped. */
class Jumping {
  readonly server: Serving;
  readonly clock: FakeClock;
  readonly plain: WsClient;
  readonly tracked: WsClient;
  /** Where everybody stood before the first post. */
  readonly cursor: number;
  readonly #t: TestContext;

  private constructor(
    t: TestContext,
    server: Serving,
    clock: FakeClock,
    plain: WsClient,
    tracked: WsClient,
    at: number,
  ) {
    this.#t = t;
    this.server = server;
    this.clock = clock;
    this.plain = plain;
    this.tracked = tracked;
    this.cursor = at;
  }

  static async start(t: TestContext, flags: readonly string[]): Promise<Jumping> {
    const clock = createFakeClock(await makeTempDir(t));
    const server = await startServing(t, { flags: [...flags, '--ping-interval=100ms'], env: clock.env });
    const plain = await connectWs(t, `${server.wsUrl}/ws?uid=u`);
    const tracked = await connectWs(t, `${server.wsUrl}/ws?uid=u&mid=`);
    const welcome = (await tracked.next()) as Frame;
    assert.equal(welcome.event, 'welcome');
    return new Jumping(t, server, clock, plain, tracked, welcome.mid);
  }

  /** `timeout` by the clock of the test, which does not jump. */
  async send(msg: string, timeout: number, more: object = {}): Promise<void> {
    const answer = await post(this.server.url, { topic: 'uids', topic_ids: ['u'], msg, timeout, ...more });
    assert.equal(answer.status, 202, answer.text);
  }

  /** The live listeners have got these and no others, and so does one who comes now and has missed them all. */
  async assertDelivered(live: readonly string[], replayed: readonly string[] = live): Promise<void> {
    for (const client of [this.plain, this.tracked]) {
      await client.until((frame) => (frame as Frame).msg === live.at(-1), `'${live.at(-1)}'`);
      assert.deepEqual(messages(client), live);
    }
    const back = await connectWs(this.#t, `${this.server.wsUrl}/ws?uid=u&mid=${this.cursor}`);
    await back.until((frame) => (frame as Frame).msg === replayed.at(-1), `'${replayed.at(-1)}'`);
    assert.equal((back.frames[0] as Frame).resumed, true);
    assert.deepEqual(messages(back), replayed);
    await back.close();
  }

  /** The process is on the wrong time, or on the right one again: the time that it writes into messages says so. */
  async assertWrongBy(offsetMs: number): Promise<void> {
    const { time } = this.tracked.frames.at(-1) as Frame;
    const wrongMs = new Date(time.replace(' ', 'T')).getTime() - Date.now();
    assert.ok(Math.abs(wrongMs - offsetMs) < hour, `${time} is wrong by ${wrongMs} ms`);
  }

  /** Nobody was dropped, pings go on and are answered, and the server is ready and serves. */
  async assertUnharmed(): Promise<void> {
    assert.equal((await request(`${this.server.url}/readyz`)).status, 200);
    await this.assertPinged();
    await this.server.serves();
    assert.ok(this.plain.isOpen() && this.tracked.isOpen());
    const { counters } = await this.server.stats();
    assert.equal(counters['deadPeers'], 0);
  }

  async assertPinged(): Promise<void> {
    const socket = new WebSocket(`${this.server.wsUrl}/ws?uid=pinged`);
    endWith(this.#t, () => socket.terminate());
    let pings = 0;
    socket.on('ping', () => (pings += 1));
    await eventually(() => (pings >= 4 ? true : undefined), 'four pings, of which three were answered in time');
    assert.equal(socket.readyState, WebSocket.OPEN);
    socket.terminate();
  }

  /** What the server has logged of steps of its clock: how many hours, and whether it believed them. */
  steps(): readonly unknown[][] {
    return this.server.records('clock.step').map(({ byMs, adopted }) => [Math.round(Number(byMs) / hour), adopted]);
  }
}

function messages(client: WsClient): string[] {
  return client.frames.flatMap((frame) => ((frame as Frame).event === undefined ? [(frame as Frame).msg] : []));
}

for (const [name, flagsFor] of Object.entries(setups)) {
  test(`${name}: a clock that jumps a day ahead and back drops nothing`, async (t) => {
    const jumping = await Jumping.start(t, await flagsFor(t));
    await jumping.send('before', Date.now() + hour);
    await jumping.assertDelivered(['before']);
    await jumping.assertWrongBy(0);

    jumping.clock.set(day);
    await jumping.send('meanwhile', Date.now() + hour);
    await jumping.assertDelivered(['before', 'meanwhile']);
    await jumping.assertWrongBy(day);
    await jumping.send('too late', Date.now() - minute);
    await jumping.send('forever', 0);
    await jumping.assertDelivered(['before', 'meanwhile', 'forever']);
    await jumping.assertUnharmed();

    jumping.clock.set(0);
    await jumping.send('after', Date.now() + hour);
    await jumping.assertDelivered(['before', 'meanwhile', 'forever', 'after']);
    await jumping.assertWrongBy(0);
    await jumping.assertUnharmed();
    assert.deepEqual(jumping.steps(), [[24, false]]);
  });

  test(`${name}: a clock that jumps a day back and ahead revives nothing`, async (t) => {
    const jumping = await Jumping.start(t, await flagsFor(t));
    const expiresMs = Date.now() + 1500;
    await jumping.send('short', expiresMs);
    await jumping.send('long', Date.now() + hour);
    await jumping.assertDelivered(['short', 'long']);
    await eventually(() => (Date.now() > expiresMs ? true : undefined), 'the end of the short one');

    jumping.clock.set(-day);
    await jumping.send('too late', Date.now() - minute);
    await jumping.send('meanwhile', Date.now() + hour);
    await jumping.assertDelivered(['short', 'long', 'meanwhile'], ['long', 'meanwhile']);
    await jumping.assertWrongBy(-day);
    await jumping.assertUnharmed();

    jumping.clock.set(0);
    await jumping.send('after', Date.now() + hour);
    await jumping.assertDelivered(['short', 'long', 'meanwhile', 'after'], ['long', 'meanwhile', 'after']);
    await jumping.assertWrongBy(0);
    await jumping.assertUnharmed();
    assert.deepEqual(jumping.steps(), [[-24, false]]);
  });
}

test('bullmq: what is scheduled comes when it is due, whatever the clock does meanwhile', async (t) => {
  const jumping = await Jumping.start(t, await bullmq(t));
  const deliverAtMs = Date.now() + 2500;
  await jumping.send('scheduled', 0, { deliver_at: deliverAtMs });

  jumping.clock.set(day);
  await jumping.send('meanwhile', 0);
  await jumping.assertDelivered(['meanwhile']);
  await jumping.assertUnharmed();

  jumping.clock.set(0);
  await jumping.assertDelivered(['meanwhile', 'scheduled']);
  assert.ok(Date.now() >= deliverAtMs);
});
