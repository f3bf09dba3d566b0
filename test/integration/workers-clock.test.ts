import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createFakeClock, type FakeClock } from '../chaos/fake-clock.ts';
import { eventually } from '../support/deadline.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';
import { crewOf } from './crew-stats.ts';

const hour = 3_600_000;
const day = 24 * hour;

interface Frame {
  readonly mid: number;
  readonly msg?: string;
}

/** An instance whose workers are all replaced while its clock is wrong by so much. */
async function replacedOn(t: TestContext, offsetMs: number): Promise<{ instance: Instance; clock: FakeClock }> {
  const clock = createFakeClock(await makeTempDir(t));
  const instance = await startInstance(t, { flags: ['--workers=2'], env: clock.env });
  clock.set(offsetMs);
  for (const { pid } of (await crewOf(instance)).workers) process.kill(pid ?? 0, 'SIGKILL');
  await eventually(async () => {
    const { workers } = await crewOf(instance);
    return workers.every(({ isReady, restarts }) => isReady && restarts === 1) ? true : undefined;
  }, 'the replacements');
  return { instance, clock };
}

const isMsg =
  (msg: string) =>
  (frame: unknown): boolean =>
    (frame as Frame).msg === msg;

async function send(instance: Instance, msg: string, timeout: number): Promise<void> {
  const { status, text } = await post(instance.url, { topic: 'uids', topic_ids: ['u'], msg, timeout });
  assert.equal(status, 202, text);
}

for (const offsetMs of [day, -day]) {
  test(`a worker that starts while the clock is wrong by ${offsetMs / hour} hours goes by the time of its supervisor`, async (t) => {
    const { instance, clock } = await replacedOn(t, offsetMs);
    // Two for each worker.
    const clients = await Promise.all(Array.from({ length: 4 }, () => connectWs(t, `${instance.wsUrl}/ws?uid=u&mid=`)));
    const [first] = clients;
    assert.ok(first);
    const { mid } = (await first.next()) as Frame;
    const dueMs = Date.now() + 1500;
    await send(instance, 'short', dueMs);
    await send(instance, 'meanwhile', Date.now() + hour);
    for (const client of clients) await client.until(isMsg('meanwhile'), 'what lives for an hour');
    await eventually(() => (Date.now() > dueMs ? true : undefined), 'the end of the short one');
    for (let count = 0; count < 4; count += 1) {
      clients.push(await connectWs(t, `${instance.wsUrl}/ws?uid=u&mid=${mid}`));
    }
    clock.set(0);
    await send(instance, 'after', Date.now() + hour);
    for (const [index, client] of clients.entries()) {
      await client.until(isMsg('after'), 'what was posted when the clock was right again');
      const received = client.frames.flatMap((frame) => (frame as Frame).msg ?? []);
      assert.deepEqual(received, index < 4 ? ['short', 'meanwhile', 'after'] : ['meanwhile', 'after']);
    }
  });
}
