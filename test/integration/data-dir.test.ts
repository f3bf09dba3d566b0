import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endWith, type Scope } from '../support/cleanup.ts';
import { startInstance, type Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { runTidings } from '../support/run-command.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { connectWs } from '../support/ws-client.ts';

interface Tracked {
  readonly mid: number;
  readonly id: string;
  readonly msg: unknown;
}

const start = (scope: Scope, dir: string, flags: readonly string[] = []): Promise<Instance> =>
  startInstance(scope, { flags: [`--data-dir=${dir}`, ...flags] });

/** Everything that a client of the uid gets that was away since mid 1, up to the message that is posted for it now. */
async function mailboxOf(scope: Scope, instance: Instance, uid: string): Promise<Tracked[]> {
  const client = await connectWs(scope, `${instance.wsUrl}/ws?uid=${uid}&mid=1`);
  await client.until((frame) => (frame as { event?: string }).event === 'welcome');
  const last = await post(instance.url, { topic: 'uids', topic_ids: [uid], msg: 'the last one' });
  assert.equal(last.status, 202);
  await client.until((frame) => (frame as Tracked).msg === 'the last one');
  await client.close();
  const entries = client.frames.filter((frame) => (frame as { event?: string }).event === undefined) as Tracked[];
  return entries.filter(({ msg }) => msg !== 'the last one');
}

/** Posts without a pause until the instance dies; calls back with the id of each post that was answered 202. */
async function postUntilDeath(instance: Instance, name: string, onAccepted: (id: string) => void): Promise<void> {
  for (let number = 0; ; number += 1) {
    const id = `${name}-${number}`;
    const envelope = { topic: 'uids', topic_ids: ['u'], msg: id, ...(number % 2 === 0 ? { id } : {}) };
    const answer = await post(instance.url, envelope).catch(() => undefined);
    if (answer === undefined) return;
    assert.equal(answer.status, 202, answer.text);
    assert.doesNotMatch(answer.text, /volatile/);
    onAccepted(id);
  }
}

const postersPerRound = 8;
const postsPerRound = 120;

test('kill -9 under load, again and again: all that was answered 202 is there, once, in order', async (t) => {
  const dir = join(await makeTempDir(t), 'data');
  const accepted: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    const instance = await start(t, dir);
    let killed: Promise<void> | undefined;
    const onAccepted = (id: string): void => {
      accepted.push(id);
      if (accepted.length >= (round + 1) * postsPerRound) killed ??= instance.kill();
    };
    const posters = Array.from({ length: postersPerRound }, (_, poster) =>
      postUntilDeath(instance, `${round}-${poster}`, onAccepted),
    );
    await Promise.all(posters);
    await killed;
  }

  const instance = await start(t, dir, ['--mailbox-messages=100000']);
  const entries = await mailboxOf(t, instance, 'u');
  const got = entries.map(({ msg }) => String(msg));
  assert.equal(new Set(got).size, got.length, 'none twice');
  assert.deepEqual(
    accepted.filter((id) => !got.includes(id)),
    [],
    'accepted and lost',
  );
  entries.forEach(({ mid }, index) => assert.ok(mid > (entries[index - 1]?.mid ?? 0)));
  for (const line of new Set(got.map((id) => id.split('-').slice(0, 2).join('-')))) {
    const numbers = got.filter((id) => id.startsWith(`${line}-`)).map((id) => Number(id.split('-')[2]));
    assert.deepEqual(
      numbers,
      [...numbers].sort((one, other) => one - other),
      `the order of poster ${line}`,
    );
  }

  const again = accepted.filter((id) => Number(id.split('-')[2]) % 2 === 0);
  assert.ok(again.length > 20);
  const repeats = again.map((id) => post(instance.url, { topic: 'uids', topic_ids: ['u'], msg: id, id }));
  for (const { status } of await Promise.all(repeats)) assert.equal(status, 202);
  assert.equal((await mailboxOf(t, instance, 'u')).length, got.length, 'a repeat is not delivered again');
  const other = await post(instance.url, { topic: 'uids', topic_ids: ['u'], msg: 'other', id: again[0] });
  assert.equal(other.status, 422);
});

test('a directory has one process: another one is refused, and may have it once the first is dead', async (t) => {
  const dir = await makeTempDir(t);
  const first = await start(t, dir);
  assert.equal((await post(first.url, { topic: 'all', msg: 'kept' })).status, 202);
  const second = await runTidings(['serve', '--port=0', '--admin-port=0', `--data-dir=${dir}`]);
  assert.equal(second.code, 69);
  assert.match(second.stderr, new RegExp(`^tidings: ${dir} is in use by another process`, 'm'));

  // It lives, although it does nothing.
  first.pause();
  endWith(t, () => first.kill());
  const third = await runTidings(['serve', '--port=0', '--admin-port=0', `--data-dir=${dir}`]);
  assert.equal(third.code, 69);
  first.resume();
  assert.equal((await post(first.url, { topic: 'all', msg: 'kept, too' })).status, 202);

  await first.kill();
  const starts = [0, 1, 2].map(() =>
    startInstance(t, { flags: [`--data-dir=${dir}`] }).then(
      (instance) => instance,
      () => undefined,
    ),
  );
  const owners = (await Promise.all(starts)).filter((instance) => instance !== undefined);
  assert.equal(owners.length, 1, 'of three that start at once on a directory of a dead one');
  const entries = await mailboxOf(t, owners[0] ?? first, 'anybody');
  assert.deepEqual(
    entries.map(({ msg }) => msg),
    ['kept', 'kept, too'],
  );
});

test('a directory is made for this user alone; what is above it is not made', async (t) => {
  const parent = await makeTempDir(t);
  const missing = await runTidings(['serve', '--port=0', '--admin-port=0', `--data-dir=${join(parent, 'no', 'data')}`]);
  assert.equal(missing.code, 69);
  assert.match(missing.stderr, /cannot use .*\/no\/data as a data directory: ENOENT/);
  assert.equal(existsSync(join(parent, 'no')), false);

  const file = await runTidings(['serve', '--port=0', '--admin-port=0', '--data-dir=/dev/null']);
  assert.equal(file.code, 69);
  assert.match(file.stderr, /cannot use \/dev\/null as a data directory/);

  const redis = await runTidings(['serve', '--data-dir=data', '--queue=redis/127.0.0.1:1']);
  assert.equal(redis.code, 64);
  assert.match(redis.stderr, /data-dir is for the queue list/);
});
