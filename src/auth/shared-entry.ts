import type { Doorkeeper, House } from './doorkeeper.ts';
import type { Entered, Entry } from './entry.ts';
import type { Grant } from './listener-auth.ts';
import type { EntryCounters, EntryOptions, LocalEntry } from './local-entry.ts';
import { blockedRefusal, fullRefusal, revokedRefusal } from './refusals.ts';
import type { Change } from './standing.ts';
import { seatName, type News, type StandingSource, type Verdict } from './standing-source.ts';

export interface SharedEntryDeps {
  readonly source: StandingSource;
  readonly doorkeeper: Doorkeeper;
  readonly house: House;
  /** Judges while the source does not answer. */
  readonly local: LocalEntry;
  /** The seats that are open here, which the source reads. */
  readonly seats: Map<string, string>;
  /** Tells other instances that seats were given away; those that do not hear it learn it from the source. */
  readonly tellReplaced: (fullNames: readonly string[]) => void;
  readonly counters: EntryCounters;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: { warn(fields: object): void; info(fields: object): void };
}

export interface SharedEntryOptions extends EntryOptions {
  /** How often the source is asked for what this instance was not told. */
  readonly lookEveryMs?: number;
}

const usualLookMs = 5000;

/** How often it is tried to reach a source that is away. */
const retryMs = 500;

/**
 * Entry by a truth that instances share: it is asked at each handshake, and what was missed of it is learnt within seconds. While it is
 * away an instance goes by what it knows: who is known to be shut out stays out, and its own connections are counted, so that nobody is
 * kept waiting or turned away for the store's sake.
 */
export class SharedEntry implements Entry {
  readonly #deps: SharedEntryDeps;
  readonly #options: SharedEntryOptions;
  /** Changes that were carried out here before the source told of them. */
  readonly #told = new Set<number>();
  #isAway = false;
  #isStopped = false;
  #seated = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: SharedEntryDeps, options: SharedEntryOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Resolves when what is known of uids is here, or the source is away. */
  async start(): Promise<void> {
    await this.#deps.source.start();
    await this.look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#deps.source.stop();
  }

  enter(grant: Grant): Entered | Promise<Entered> {
    const { local, seats, now } = this.#deps;
    const refusal = local.shutOut(grant);
    if (refusal !== undefined) return refusal;
    this.#seated += 1;
    const seat = seatName(now(), this.#seated);
    if (this.#isAway) return this.#enterHere(grant, seat);
    seats.set(seat, grant.uid);
    return this.#ask(grant, seat);
  }

  shutOut(grant: Grant): ReturnType<Entry['shutOut']> {
    return this.#deps.local.shutOut(grant);
  }

  leave(uid: string, seat: string): void {
    this.#deps.seats.delete(seat);
    this.#deps.source.leave(uid, seat);
  }

  /** A change that another instance tells of. How many connections it closed. */
  told(change: Change): number {
    this.#told.add(change.number);
    this.#deps.source.told(change.number);
    return this.#deps.doorkeeper.carryOut(change);
  }

  /** Closes those of these seats that are of this instance. How many that were. */
  replaced(fullNames: readonly string[]): number {
    const { source, seats, house, doorkeeper } = this.#deps;
    let closed = 0;
    for (const fullName of fullNames) {
      const own = source.ownSeat(fullName);
      const uid = own === undefined ? undefined : seats.get(own);
      if (uid !== undefined) closed += doorkeeper.replace(house.connectionsOf(uid).filter(({ seat }) => seat === own));
    }
    return closed;
  }

  /** Asks the source for what is new, and carries it out. Never rejects. */
  look(): Promise<void> {
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    const { source, log } = this.#deps;
    try {
      const news = await source.news();
      this.#learn(news);
      if (this.#isAway) log.info({ event: 'standing.back' });
      this.#isAway = false;
    } catch (error) {
      this.#away(error);
    }
    if (this.#isStopped) return;
    const inMs = this.#isAway ? retryMs : (this.#options.lookEveryMs ?? usualLookMs);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), inMs).unref();
  }

  #learn({ whole, changes, through, replaced }: News): void {
    const { doorkeeper } = this.#deps;
    if (whole !== undefined) doorkeeper.standings.clear();
    const standings = new Map(whole);
    for (const { uid, standing } of changes) standings.set(uid, standing);
    for (const [uid, standing] of standings) doorkeeper.settle(uid, standing);
    for (const change of changes) {
      if (change.kind !== 'disconnect' || this.#told.has(change.number)) continue;
      doorkeeper.carryOut({ ...change, standing: standings.get(change.uid) ?? change.standing });
    }
    for (const number of this.#told) if (number <= through) this.#told.delete(number);
    this.replaced(replaced);
  }

  #away(error: unknown): void {
    if (this.#isAway || this.#isStopped) return;
    this.#isAway = true;
    this.#deps.log.warn({ event: 'standing.away', reason: error instanceof Error ? error.message : String(error) });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.look(), retryMs).unref();
  }

  async #ask(grant: Grant, seat: string): Promise<Entered> {
    const { source, doorkeeper, seats, counters } = this.#deps;
    const { uid } = grant;
    const limit = grant.maxConnections ?? this.#options.maxConnectionsPerUid;
    const issuedAtMs = doorkeeper.issuedAt(grant.issuedAtMs);
    let verdict: Verdict;
    try {
      verdict = await source.enter({
        uid,
        seat,
        issuedAtMs,
        limit,
        replaces: this.#options.uidConnections === 'replace',
      });
    } catch (error) {
      this.#away(error);
      seats.delete(seat);
      const entered = this.#enterHere(grant, seat);
      // It may have been seated all the same.
      if (!entered.ok) source.leave(uid, seat);
      return entered;
    }
    if (verdict.state === 'in') {
      if (verdict.replaced.length > 0) this.#deps.tellReplaced(verdict.replaced);
      return { ok: true, seat };
    }
    seats.delete(seat);
    if (verdict.state === 'full') {
      counters.uidFull += 1;
      return fullRefusal(limit);
    }
    counters.shutOut += 1;
    const { standing } = verdict;
    doorkeeper.settle(uid, standing);
    return verdict.state === 'blocked' ? blockedRefusal(standing) : revokedRefusal(standing);
  }

  /** It has its seat with the source once that is back. */
  #enterHere(grant: Grant, seat: string): Entered {
    const entered = this.#deps.local.enter(grant);
    if (!entered.ok) return entered;
    this.#deps.seats.set(seat, grant.uid);
    return { ok: true, seat };
  }
}
