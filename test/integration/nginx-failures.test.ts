import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/deadline.ts';
import { freePort } from '../support/free-port.ts';
import type { Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { startRedis } from '../support/redis.ts';
import type { Answer } from '../support/request.ts';
import { portOf, startOnRedis, startProxy, statsOf } from './nginx/proxy.ts';
import { startRelay } from './nginx/relay.ts';
import { assertUnanswered } from './nginx/unanswered.ts';

async function startBoth(t: TestContext): Promise<{ primary: Instance; backup: Instance }> {
  const redis = await startRedis(t);
  return { primary: await startOnRedis(t, redis), backup: await startOnRedis(t, redis) };
}

const postTo = (url: string): Promise<Answer> => post(url, { topic: 'all', msg: 'x' });

test('one lost request does not take a healthy primary out', async (t) => {
  const { primary, backup } = await startBoth(t);
  const relay = await startRelay(t, portOf(primary));
  const nginx = await startProxy(t, { primary: relay.port, backup: portOf(backup) });

  relay.loseNext();
  assertUnanswered(await postTo(nginx.url));
  for (let n = 0; n < 5; n += 1) assert.equal((await postTo(nginx.url)).status, 202);
  assert.equal((await statsOf(primary)).counters.accepted, 5);
  assert.equal((await statsOf(backup)).counters.accepted, 0);
});

test('three take it out, and what one worker has learnt of it all workers know', async (t) => {
  const { primary, backup } = await startBoth(t);
  const relay = await startRelay(t, portOf(primary));
  const nginx = await startProxy(t, {
    primary: relay.port,
    backup: portOf(backup),
    replace: [['worker_processes auto', 'worker_processes 2']],
  });
  const [first, second] = await workersOf(nginx.pid);

  // A worker that is stopped takes no connection, so the other takes all.
  await pause(second);
  for (let n = 0; n < 3; n += 1) {
    relay.loseNext();
    assertUnanswered(await postTo(nginx.url));
  }
  process.kill(second, 'SIGCONT');
  await pause(first);
  assert.equal((await postTo(nginx.url)).status, 202);
  process.kill(first, 'SIGCONT');
  assert.equal((await statsOf(primary)).counters.accepted, 0);
  assert.equal((await statsOf(backup)).counters.accepted, 1);
});

test('the backup is asked as long as there is nobody else, whatever it has failed', async (t) => {
  const { backup } = await startBoth(t);
  const relay = await startRelay(t, portOf(backup));
  const nginx = await startProxy(t, { primary: await freePort(), backup: relay.port });
  for (let n = 0; n < 5; n += 1) {
    relay.loseNext();
    assertUnanswered(await postTo(nginx.url));
    assert.equal((await postTo(nginx.url)).status, 202);
  }
});

/** The two workers of an nginx, once they are there. */
function workersOf(master: number): Promise<[number, number]> {
  return eventually(async () => {
    const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
    const [first, second, ...others] = children.trim().split(/\s+/).map(Number);
    assert.deepEqual(others, []);
    return first !== undefined && second !== undefined ? [first, second] : undefined;
  }, 'two workers');
}

/** Resolves when the process is stopped: what comes from now on is another's. */
async function pause(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await eventually(
    async () => / T /.test(await readFile(`/proc/${pid}/stat`, 'utf8')) || undefined,
    `worker ${pid} to be stopped`,
  );
}
