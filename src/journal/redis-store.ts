import type { Message } from '../message/message.ts';
import type { Unit } from './group.ts';
import type { Appended, Entry, Found, MailboxPage, Outcome, PageLimits, Retention } from './journal.ts';
import { appendScript, repliedOutcomes } from './redis-append-script.ts';
import { RedisError, type RedisConnection, type RedisLog } from './redis-connection.ts';
import type { LogPage, LogPosition } from './redis-follow.ts';
import { findScript, mailboxScript, midsScript, pageScript } from './redis-read-scripts.ts';
import { decodeEntry, decodeOwnEntry, encodeEntry } from './redis-record.ts';
import { callScript, runScript } from './redis-run-script.ts';
import type { JournalKeys, Script } from './redis-scripts.ts';

export interface RedisStoreDeps {
  readonly connection: RedisConnection;
  readonly log: RedisLog;
  /** Unix milliseconds of this instance: nothing is too old before this clock and Redis' own both say so. */
  readonly now: () => number;
  readonly isExpired: (message: Message) => boolean;
}

export interface RedisStoreOptions {
  readonly keys: JournalKeys;
  readonly retention: Retention;
}

/** A repeat may come this much later than the entry is too old, and is still known by an id of ours. */
const ourIdExtraMs = 3_600_000;

/** How long the name of a unit is remembered that nobody said was done. */
const unitMs = 24 * 3_600_000;

/** The journal's scripts as functions. Each is one round trip and rejects with a RedisError. */
export function createRedisStore(deps: RedisStoreDeps, { keys, retention }: RedisStoreOptions) {
  const { connection, log, now, isExpired } = deps;
  const fixedKeys = [keys.state, keys.log, keys.all, keys.acks];
  const firstArguments = [keys.news, keys.mailbox, keys.id, keys.unit];
  const bounds = [
    retention.messages,
    retention.bytes,
    retention.ageMs * 1000,
    retention.mailboxMessages,
    retention.broadcastMessages,
    Math.ceil(retention.idMs),
    Math.ceil(retention.ageMs) + ourIdExtraMs,
    unitMs,
  ];

  const ask = (script: Script, names: readonly string[], args: readonly (string | number)[]) =>
    connection.run((redis) => callScript(redis, script, names, args));

  function runAppend(floor: number, units: readonly Unit[]): Promise<number[]> {
    const args: (string | number)[] = [...firstArguments, floor, Math.floor(now() * 1000), ...bounds];
    for (const { name, messages } of units) {
      args.push(name, messages.some(({ fingerprint }) => fingerprint !== '') ? 1 : 0, messages.length);
      for (const message of messages) {
        const { id, fingerprint, retracts } = message;
        if (isExpired(message)) args.push(id, fingerprint, -1, '');
        else args.push(id, fingerprint, retracts, encodeEntry(message));
      }
    }
    return connection.run((redis) => runScript(redis, appendScript, fixedKeys, args));
  }

  function entryAt(mid: number, entry: Entry | undefined): Entry | undefined {
    if (entry === undefined) log.warn({ event: 'journal.unreadable', mid });
    return entry;
  }

  return {
    /** The outcome of each message, in their order. `floor`: the newest mid that this instance has seen. */
    async append(floor: number, units: readonly Unit[]): Promise<readonly Appended[]> {
      const [first = 0, , , ...others] = await runAppend(floor, units);
      const outcomes: Appended[] = [];
      let mid = first;
      const numberTo = (count: number): void => {
        while (outcomes.length < count) {
          outcomes.push({ mid, outcome: 'appended' });
          mid += 1;
        }
      };
      for (let at = 0; at < others.length; at += 3) {
        numberTo((others[at] ?? 0) - 1);
        outcomes.push({ mid: others[at + 2] ?? 0, outcome: outcomeOf(others[at + 1]) });
      }
      numberTo(units.reduce((sum, { messages }) => sum + messages.length, 0));
      return outcomes;
    },

    /** Also drops what is too old, and raises the head to the floor. */
    async position(floor: number): Promise<LogPosition> {
      const [, head = 0, since = 0] = await runAppend(floor, []);
      return { head, since };
    },

    async page(after: number, limit: number): Promise<LogPage> {
      const [since, ...rows] = await ask(pageScript, [keys.state, keys.log], [after, limit]);
      const entries: Entry[] = [];
      let last: number | undefined;
      for (let at = 0; at < rows.length; at += 2) {
        last = Number(rows[at]);
        const entry = entryAt(last, decodeEntry(last, text(rows[at + 1])));
        if (entry !== undefined) entries.push(entry);
      }
      return { since: Number(since), entries, last };
    },

    /** Of the newest kept entries up to `through`, the newest first. */
    async mids(through: number, limit: number): Promise<readonly number[]> {
      return (await ask(midsScript, [keys.log], [through, limit])).map(Number);
    },

    async mailbox(uid: string, after: number, limits: PageLimits): Promise<MailboxPage> {
      const names = [keys.state, keys.log, keys.all, keys.mailbox + uid];
      const args = [after, limits.entries, limits.bytes];
      const reply = await ask(mailboxScript, names, args);
      if (reply.length === 0) throw new RedisError('Redis has lost what the journal kept.');
      const [through, gap, isLast, rows] = reply;
      const lines = text(rows).split('\n');
      const entries: Entry[] = [];
      for (let at = 0; at + 2 < lines.length; at += 3) {
        const [number = '', meta = '', push = ''] = [lines[at], lines[at + 1], lines[at + 2]];
        const mid = Math.abs(Number(number));
        const entry = entryAt(mid, decodeOwnEntry(mid, number.startsWith('-') ? null : uid, meta, push));
        if (entry !== undefined) entries.push(entry);
      }
      return { entries, through: Number(through), gap: gap === 1, isLast: isLast === 1 };
    },

    async find(id: string): Promise<Found | undefined> {
      const reply = await ask(findScript, [keys.state, keys.log, keys.id + id], []);
      if (reply.length === 0) return undefined;
      const mid = Number(reply[0]);
      if (reply.length === 1) return { mid, message: undefined };
      return { mid, message: entryAt(mid, decodeEntry(mid, text(reply[1])))?.message };
    },

    async ackedBy(uids: readonly string[]): Promise<readonly number[]> {
      if (uids.length === 0) return [];
      const scores = await connection.run((redis) => redis.zmscore(keys.acks, ...uids));
      return uids.map((_uid, index) => Number(scores[index] ?? 0));
    },

    /** Raises ack cursors and forgets units. */
    async write(cursors: ReadonlyMap<string, number>, units: readonly string[]): Promise<void> {
      const scores = [...cursors].flatMap(([uid, mid]) => [mid, uid]);
      await connection.run((redis) =>
        Promise.all([
          scores.length === 0 ? 0 : redis.zadd(keys.acks, 'GT', ...scores),
          units.length === 0 ? 0 : redis.del(...units.map((unit) => keys.unit + unit)),
        ]),
      );
    },
  };
}

function outcomeOf(code = 0): Outcome {
  const outcome = repliedOutcomes[code];
  if (outcome === undefined) throw new TypeError(`the append script replied with outcome ${code}`);
  return outcome;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
