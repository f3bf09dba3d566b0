import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { Doorkeeper, type Guest, type House } from '../../src/auth/doorkeeper.ts';
import { grantByWord } from '../../src/auth/listener-auth.ts';
import { createLocalEntry } from '../../src/auth/local-entry.ts';
import { SharedEntry } from '../../src/auth/shared-entry.ts';
import { forGoodMs } from '../../src/auth/standing.ts';
import { Standings } from '../../src/auth/standings.ts';
import { openClient } from '../contract/redis-client.ts';
import { endWith } from '../support/cleanup.ts';
import { startRedis } from '../support/redis.ts';
import { openRedisTruth } from './redis-truth.ts';

// An instance that was told of nothing and looks only when the log of changes has been cut behind what it knew: it has to read the whole.

const redis = await startRedis({ after });
const keptChanges = 10_000;
const keptMs = 3_600_000;

type Run = Awaited<ReturnType<typeof createRun>>;

const forGood = { kind: 'block', untilMs: forGoodMs } as const;

interface FakeGuest extends Guest {
  code: number;
}

/** An instance that is told of nothing, another one at which operators act, and Redis as it is. */
async function createRun(t: TestContext, prefix: string) {
  const guests: FakeGuest[] = [];
  const house: House<FakeGuest> = {
    connectionsOf: (uid) => guests.filter((guest) => guest.uid === uid),
    dismiss: (guest, code) => void (guest.code = code),
  };
  const now = Date.now;
  const counters = { kicked: 0, replaced: 0, uidFull: 0, shutOut: 0 };
  const standings = new Standings();
  const doorkeeper = new Doorkeeper({ house: house as House, now, counters, standings }, { asksListeners: true });
  const options = { maxConnectionsPerUid: 100, uidConnections: 'refuse', lookEveryMs: 3_600_000 } as const;
  const local = createLocalEntry({ doorkeeper, house: house as House, counters }, options);
  const seats = new Map<string, string>();
  const source = await openRedisTruth(t, redis, { prefix, instance: 'deaf', seats });
  let readWhole = 0;
  const news: typeof source.news = async () => {
    const found = await source.news();
    if (found.whole !== undefined) readWhole += 1;
    return found;
  };
  const log = { info: () => {}, warn: (fields: object) => assert.fail(JSON.stringify(fields)) };
  const entry = new SharedEntry(
    {
      source: { ...source, news },
      doorkeeper,
      house: house as House,
      local,
      seats,
      tellReplaced: () => {},
      counters,
      now,
      log,
    },
    options,
  );
  endWith(t, () => entry.stop());
  await entry.start();
  const { does } = await openRedisTruth(t, redis, { prefix, instance: 'desk' });
  const client = openClient(t, redis.url);
  return {
    entry,
    does,
    /** How often the whole was read since the start. */
    readWhole: () => readWhole - 1,
    async come(uid: string): Promise<FakeGuest> {
      const entered = await entry.enter({ ...grantByWord(uid), issuedAtMs: 1000 });
      if (!entered.ok) return assert.fail(entered.code);
      const guest = { uid, seat: entered.seat, issuedAtMs: 1000, isOpen: true, code: 0 };
      guests.push(guest);
      return guest;
    },
    refusal: async (uid: string): Promise<string> => {
      const entered = await entry.enter({ ...grantByWord(uid), issuedAtMs: 1000 });
      return entered.ok ? 'in' : entered.code;
    },
    changes: (): Promise<number> => client.zcard(`${prefix}:users:log`),
    /** As many changes as are kept, of disconnects that nobody here is concerned by, each a little newer than the newest. */
    async fillLog(): Promise<void> {
      const last = Number(await client.hget(`${prefix}:users:state`, 'last'));
      const all = Array.from({ length: keptChanges }, (_, index) => last + 1 + index);
      await client.zadd(
        `${prefix}:users:log`,
        ...all.flatMap((number) => [number, `${number} disconnect 0 0 filler`].map(String)),
      );
      await client.hset(`${prefix}:users:state`, 'last', String(all.at(-1)));
    },
    /** All that is in the log is so much older. */
    async age(ms: number): Promise<void> {
      const all = await client.zrange(`${prefix}:users:log`, 0, '-1');
      const older = all.map((text) => text.replace(/^\d+/, (number) => String(Number(number) - ms * 1000)));
      await client.del(`${prefix}:users:log`);
      await client.zadd(`${prefix}:users:log`, ...older.flatMap((text) => [text.split(' ')[0] ?? '', text]));
      await client.hset(`${prefix}:users:state`, 'last', older.at(-1)?.split(' ')[0] ?? '');
    },
  };
}

const nothing = (): Promise<void> => Promise.resolve();

// Time passes by making what is there older, in two steps: a look of the instance is between them.
for (const [name, before, cut] of [
  ['so many changes', nothing, (run: Run) => run.fillLog()],
  ['so much time', (run: Run) => run.age(4 * keptMs), (run: Run) => run.age(2 * keptMs)],
] as const) {
  test(`blocks and revocations of which ${name} have cut the changes are read from the whole, and liftings too`, async (t) => {
    const run = await createRun(t, `cut-${name.replaceAll(' ', '-')}`);
    assert.ok(await run.does('lifted', forGood));
    assert.ok(await run.does('forgiven', { kind: 'revoke', beforeMs: 2000 }));
    await before(run);
    await run.entry.look();
    assert.deepEqual([await run.refusal('lifted'), await run.refusal('forgiven')], ['uid_blocked', 'token_revoked']);
    const blocked = await run.come('blocked');
    const revoked = await run.come('revoked');
    const kicked = await run.come('kicked');
    const other = await run.come('other');
    assert.equal(run.readWhole(), 0);

    assert.ok(await run.does('lifted', { kind: 'unblock' }));
    assert.ok(await run.does('forgiven', { kind: 'unrevoke' }));
    assert.ok(await run.does('blocked', forGood));
    assert.ok(await run.does('revoked', { kind: 'revoke', beforeMs: 2000 }));
    await cut(run);
    // It cuts what is too much, or too old, with each change.
    assert.ok(await run.does('last', forGood));
    assert.ok((await run.changes()) <= keptChanges);
    await run.entry.look();
    assert.equal(run.readWhole(), 1);
    assert.deepEqual([blocked.code, revoked.code, kicked.code, other.code], [4503, 4502, 0, 0]);
    assert.deepEqual([await run.refusal('lifted'), await run.refusal('forgiven')], ['in', 'in']);
    assert.deepEqual([await run.refusal('blocked'), await run.refusal('revoked')], ['uid_blocked', 'token_revoked']);
    assert.equal(await run.refusal('last'), 'uid_blocked');

    // From then on it is told of changes again.
    assert.ok(await run.does('kicked', { kind: 'disconnect' }));
    await run.entry.look();
    assert.deepEqual([run.readWhole(), kicked.code, other.code], [1, 4100, 0]);
  });
}
