import {
  seatedAtMs,
  type OpenSeats,
  type Seating,
  type StandingDesk,
  type StandingSource,
} from '../auth/standing-source.ts';
import type { Change, ShutOutLimit, Standing } from '../auth/standing.ts';
import type { Standings } from '../auth/standings.ts';
import type { RedisConnection } from '../journal/redis-connection.ts';
import { callScript } from '../journal/redis-run-script.ts';
import type { Script } from '../journal/redis-scripts.ts';
import { readChange, readStanding, readVerdict } from './redis-standing-text.ts';
import {
  actScript,
  enterScript,
  freeScript,
  newsScript,
  restoreScript,
  seatScript,
  standingKeys,
} from './redis-standing-scripts.ts';

export interface RedisStandingDeps {
  /** Opened and closed by who made it. */
  readonly connection: RedisConnection;
  /** The name of this instance: no other one of the deployment has it. No colon. */
  readonly instance: string;
  /** The seats that are open here now. */
  readonly seats: OpenSeats;
  /** What is known here: Redis is given it back when it has lost it. */
  readonly standings: Pick<Standings, 'entries'>;
}

export interface RedisStandingOptions extends ShutOutLimit {
  /** First part of every key. */
  readonly prefix: string;
}

type NewsReply = [isAlive: number, last: string, isMissing: number, replaced: string[], texts: string[], id: string];

/** How many changes, uids or seats one command is about, at most. */
const pageItems = 500;

/** Every open seat is refreshed within two rounds of so many looks: at 5 s each, twenty minutes. */
const refreshLooks = 120;

export interface RedisStanding extends StandingSource, StandingDesk {
  /** The connection was lost: there may be another Redis behind the next one, which has not got everything. */
  doubt(): void;
}

/**
 * The truth about uids in Redis, for all instances of a deployment. Each instance has its seats under a name that it renews; after a
 * command of which nobody knows whether it was carried out it takes another name, under which it takes all its open seats anew, so that
 * no seat is left that nobody sits on.
 */
export function createRedisStanding(
  { connection, instance, seats, standings }: RedisStandingDeps,
  { prefix, maxShutOut }: RedisStandingOptions,
): RedisStanding {
  const keys = standingKeys(prefix);
  let names = 0;
  let isDoubtful = false;
  let through = -1;
  /** The newest change that was made or told here. */
  let newest = 0;
  let stateId: string | undefined;
  /** The seats that were open when this round of refreshing began, and how many of them have had their turn. */
  let round: readonly string[] = [];
  let refreshed = 0;
  let hasLeft = false;
  /** The uid and `<name>:<seat>` of each seat that is to be freed. */
  let leaving: string[] = [];

  const nameNow = (): string => `${instance}.${names}`;
  const call = (script: Script, names: readonly string[], args: readonly (string | number)[]) =>
    connection.run((redis) => callScript(redis, script, names, args));

  /** A seat may be there of which nobody knows, or one missing. */
  function doubt(): void {
    isDoubtful = true;
  }

  async function takeSeats(open: readonly (readonly [string, string])[]): Promise<void> {
    if (open.length === 0) return;
    const name = nameNow();
    const triples = open.flatMap(([seat, uid]) => [uid, seat, seatedAtMs(seat)]);
    await call(seatScript, [keys.instances], [name, keys.seats, ...triples]);
    // Who left meanwhile may have been seated again.
    for (const [seat, uid] of open) if (!seats.has(seat)) free(uid, seat, name);
  }

  async function takeAll(): Promise<void> {
    const open = [...seats];
    for (let from = 0; from < open.length; from += pageItems) await takeSeats(open.slice(from, from + pageItems));
  }

  /** A round is of those that were open at its beginning: however many come meanwhile, whoever stays has his turn. */
  async function refreshSome(): Promise<void> {
    if (refreshed >= round.length) {
      round = [...seats.keys()];
      refreshed = 0;
    }
    const turn = round.slice(refreshed, refreshed + Math.ceil(round.length / refreshLooks));
    refreshed += turn.length;
    const some = turn.flatMap((seat): [string, string][] => {
      const uid = seats.get(seat);
      return uid === undefined ? [] : [[seat, uid]];
    });
    for (let from = 0; from < some.length; from += pageItems) await takeSeats(some.slice(from, from + pageItems));
  }

  /** Those of a turn of the event loop go together: a crowd that leaves is not a command for each. */
  function free(uid: string, seat: string, name: string): void {
    leaving.push(uid, `${name}:${seat}`);
    if (leaving.length === 2) setImmediate(freeAll);
  }

  function freeAll(): void {
    const all = leaving;
    leaving = [];
    for (let from = 0; from < all.length; from += 2 * pageItems) {
      const page = all.slice(from, from + 2 * pageItems);
      call(freeScript, [keys.instances], [keys.seats, ...page]).catch(doubt);
    }
  }

  /** Redis came back with less than it had: who was shut out is not let in by that. */
  async function restore(): Promise<string> {
    let last = '0';
    const known = [...standings.entries()];
    for (let from = 0; from === 0 || from < known.length; from += pageItems) {
      const page = known
        .slice(from, from + pageItems)
        .flatMap(([uid, { blockedUntilMs, revokedBeforeMs }]) => [uid, blockedUntilMs, revokedBeforeMs]);
      const names = [keys.users, keys.ends, keys.state];
      [last] = (await call(restoreScript, names, [Math.max(through, newest), ...page])) as [string];
    }
    return last;
  }

  async function readWhole(): Promise<[string, Standing][]> {
    const whole: [string, Standing][] = [];
    let cursor = '0';
    do {
      const [next, page] = await connection.run((redis) => redis.hscan(keys.users, cursor, 'COUNT', pageItems));
      cursor = next;
      for (let at = 0; at < page.length; at += 2) whole.push([page[at] ?? '', readStanding(page[at + 1] ?? '')]);
    } while (cursor !== '0');
    return whole;
  }

  return {
    start: () => Promise.resolve(),
    doubt,

    async enter({ uid, seat, issuedAtMs, limit, replaces }: Seating) {
      // Whoever has left makes room for whoever comes after.
      freeAll();
      const name = nameNow();
      const args = [uid, name, seat, seatedAtMs(seat), issuedAtMs ?? '', limit, replaces ? 1 : 0, keys.replaced];
      let reply;
      try {
        reply = await call(enterScript, [keys.users, keys.instances, keys.seats + uid], args);
      } catch (error) {
        doubt();
        throw error;
      }
      const verdict = readVerdict(reply);
      // Meanwhile all open seats were taken anew under another name, and this one was among them.
      if (verdict.state !== 'in' && name !== nameNow()) free(uid, seat, nameNow());
      return verdict;
    },

    leave: (uid, seat) => free(uid, seat, nameNow()),

    ownSeat(fullName) {
      const start = `${instance}.`;
      return fullName.startsWith(start) ? fullName.slice(fullName.indexOf(':') + 1) : undefined;
    },

    told: (number) => void (newest = Math.max(newest, number)),

    async news() {
      let before = '';
      if (isDoubtful) {
        before = nameNow();
        names += 1;
        isDoubtful = false;
      }
      const wasDoubtful = before !== '';
      try {
        const name = nameNow();
        const args = [name, before, through, pageItems, `${name}-${Date.now()}`];
        const reply = await call(newsScript, [keys.log, keys.state, keys.instances, keys.replaced + name], args);
        const [isAlive, last, isMissing, replaced, texts, id] = reply as NewsReply;
        const isOther = stateId !== undefined && stateId !== id;
        const hasLost = isOther || Number(last) < Math.max(through, newest);
        const restored = hasLost ? await restore() : last;
        stateId = id;
        if (isAlive === 0 || wasDoubtful) await takeAll();
        else await refreshSome();
        const whole = isMissing === 1 || hasLost ? await readWhole() : undefined;
        const changes = texts.map(readChange);
        through = whole === undefined ? (changes.at(-1)?.number ?? Number(last)) : Number(restored);
        return { whole, changes, through, replaced };
      } catch (error) {
        doubt();
        throw error;
      }
    },

    async act(uid, action) {
      const instant = action.kind === 'block' ? action.untilMs : action.kind === 'revoke' ? action.beforeMs : 0;
      const names = [keys.users, keys.ends, keys.log, keys.state];
      const reply = await call(actScript, names, [uid, action.kind, instant, maxShutOut]);
      if (reply.length === 0) return 'full';
      const [number, blockedUntilMs, revokedBeforeMs] = reply.map(Number) as [number, number, number];
      newest = Math.max(newest, number);
      const change: Change = { number, uid, kind: action.kind, standing: { blockedUntilMs, revokedBeforeMs } };
      return change;
    },

    async standing(uid) {
      return readStanding((await connection.run((redis) => redis.hget(keys.users, uid))) ?? '');
    },

    async stop() {
      if (hasLeft) return;
      hasLeft = true;
      await connection.run((redis) => redis.zrem(keys.instances, nameNow())).catch(() => {});
    },
  };
}
