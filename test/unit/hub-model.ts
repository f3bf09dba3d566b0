import assert from 'node:assert/strict';
import type { Connection } from '../../src/hub/connection.ts';
import type { Entry } from '../../src/journal/journal.ts';
import { decodeFrames, type FakeSocket, type Peer } from './fake-socket.ts';

/** What a listener's model looks at. */
export interface World {
  readonly nowMs: number;
  /** Everything that was ever appended, by rising mid. */
  readonly entries: readonly Entry[];
  /** What was taken back in the store, and of that what this instance was told of. */
  readonly retracted: ReadonlySet<number>;
  readonly toldRetracted: ReadonlySet<number>;
  readonly kept: { readonly mailboxMessages: number; readonly broadcastMessages: number };
  /** What is at or below it was dropped by the journal as a whole. */
  readonly since: number;
  /** The newest mid that the hub was told. */
  readonly told: number;
  readonly storeHead: number;
  /** A turn of the hub may be under way: some have been given their part. */
  readonly isUnderWay: boolean;
  count(what: string): void;
}

interface Received {
  readonly event?: string;
  readonly msg: number;
  readonly mid: number;
  readonly after: number;
  readonly resumed: boolean;
}

/**
 * A connection, and what a naive server would do for it. After every step of a run, `account` compares what was written in that step
 * with what is due: everything up to where the connection stands now, each entry decided when it was published (to a live one) or
 * now (to one that is behind).
 */
export class Listener {
  readonly #world: World;
  readonly socket: FakeSocket;
  readonly connection: Connection;
  types: readonly string[];
  /** Everything up to this mid is dealt with. */
  through = 0;
  /** Of entries that were published while it was live: whether it was to get them. */
  #decided = new Map<number, boolean>();
  #cursor: number | undefined;
  #readWrites = 0;
  #newest = 0;
  #isClosed = false;
  /** It was told that something up to this mid may be missing. */
  #missing = 0;

  constructor(world: World, { socket, connection }: Peer, types: readonly string[]) {
    this.#world = world;
    this.socket = socket;
    this.connection = connection;
    this.types = types;
  }

  /** It is about to come back with this cursor. */
  resumes(cursor: number): void {
    this.#cursor = cursor;
    this.through = cursor;
  }

  /** A plain connection cannot be told that the instance has lost everything up to `mid`. */
  loses(mid: number): void {
    if (this.connection.mode === 'plain' && this.connection.behind === null) this.#missing = mid;
  }

  /** To be called before the hub is told. */
  decide(entries: readonly Entry[]): void {
    if (this.connection.behind !== null || !this.connection.isOpen) return;
    for (const entry of entries) this.#decided.set(entry.mid, this.#isDue(entry));
  }

  account(): void {
    const { behind, isOpen } = this.connection;
    const frames = this.#newFrames();
    if (behind !== null) {
      assert.equal(this.connection.cohort, null);
      assert.equal(this.connection.turn, null, 'one that is behind holds no frame');
      // What it did not want of the turn that it was too slow for is decided again.
      for (const mid of this.#decided.keys()) if (mid > behind.cursor) this.#decided.delete(mid);
      this.through = Math.min(this.through, behind.cursor);
    }
    if (!isOpen) {
      this.#whenClosed();
      // What was written before the close is still in order, and was due.
      return this.#compare(frames, this.#lastOf(frames) ?? this.through, false);
    }
    if (behind?.isNew === true) return assert.deepEqual(frames, [], 'the welcome comes first');
    this.#readEvents(frames);
    this.#compare(
      frames.filter(({ event }) => event === undefined || event === 'retract'),
      this.#stand(behind?.cursor, frames),
      true,
    );
  }

  /** Up to where it must have been given everything by now. */
  #stand(cursor: number | undefined, frames: readonly Received[]): number {
    if (cursor !== undefined) return cursor;
    // Live: everything before it became so; of what came then, a turn goes out whole.
    const { liveSince } = this.connection;
    if (this.#world.isUnderWay) return Math.max(this.through, liveSince, this.#lastOf(frames) ?? 0);
    const isFlushed = ![...this.#decided].some(([mid, isDue]) => isDue && mid > this.through) || frames.length > 0;
    return Math.max(this.through, liveSince, isFlushed && this.#decided.size > 0 ? this.#world.told : 0);
  }

  #compare(frames: readonly Received[], stand: number, isWhole: boolean): void {
    for (const { msg } of frames) {
      assert.ok(msg > this.#newest, `mid ${msg} after ${this.#newest}`);
      this.#newest = msg;
      this.#world.count('frames');
    }
    const given = new Set(frames.map(({ msg }) => msg));
    let isKept: ((entry: Entry) => boolean) | undefined;
    const isExcused = (entry: Entry): boolean =>
      this.#world.retracted.has(entry.mid) || (entry.mid <= this.#missing && !(isKept ??= this.#keptNow())(entry));
    const { entries } = this.#world;
    for (const entry of entries.slice(entries.findLastIndex(({ mid }) => mid <= this.through) + 1)) {
      const { mid } = entry;
      if (mid > stand) break;
      const isGiven = given.delete(mid);
      const decided = this.#decided.get(mid);
      const isDue = decided ?? this.#isDue(entry);
      if (isGiven) assert.ok(isDue, `${mid} was not for it`);
      else if (isDue && isWhole && !(decided === undefined && isExcused(entry))) {
        assert.fail(`${mid} is missing; it stands at ${stand}`);
      }
    }
    assert.deepEqual([...given], [], 'nothing from beyond where it stands');
    if (stand <= this.through) return;
    for (const mid of this.#decided.keys()) if (mid <= stand) this.#decided.delete(mid);
    this.through = stand;
  }

  #readEvents(frames: readonly Received[]): void {
    for (const { event, mid, after, resumed } of frames) {
      if (event === 'welcome') {
        assert.ok(this.#cursor !== undefined);
        this.#world.count(resumed ? 'resumed' : 'notResumed');
        if (!resumed) this.#missing = mid;
        // From another time: it begins anew at what the journal has.
        if (this.#cursor > mid) this.through = this.#newest = mid;
        this.#cursor = undefined;
      } else if (event === 'gap') {
        this.#world.count('gaps');
        assert.ok(after <= this.through || after <= this.#world.told);
        this.#missing = Math.max(this.#missing, mid);
      }
    }
  }

  #whenClosed(): void {
    assert.ok(this.socket.closes.length <= 1, 'closed once');
    const [close] = this.socket.closes;
    if (close === undefined || this.#isClosed) return;
    this.#isClosed = true;
    assert.equal(close.code, 1013);
    this.#world.count(close.reason);
    if (close.reason !== 'what was missed is no longer kept') return;
    const isKept = this.#keptNow();
    const isMissing = (entry: Entry): boolean => entry.mid > this.through && this.#isAddressed(entry) && !isKept(entry);
    assert.ok(this.through < this.#world.since || this.#world.entries.some(isMissing), 'closed for nothing');
  }

  #isAddressed({ message: { uids } }: Entry): boolean {
    return uids === null || uids.includes(this.connection.uid);
  }

  #isDue(entry: Entry): boolean {
    const { connection, types } = this;
    const { mid, message } = entry;
    const { type, expiresAtMs, retracts } = message;
    if (!this.#isAddressed(entry)) return false;
    if (!types.includes('*') && !types.includes(type)) return false;
    if (connection.mode === 'plain' && retracts !== 0) return false;
    if (expiresAtMs !== 0 && expiresAtMs <= this.#world.nowMs) {
      this.#world.count('expired');
      return false;
    }
    return connection.behind === null && mid > connection.liveSince ? true : !this.#world.toldRetracted.has(mid);
  }

  #keptNow(): (entry: Entry) => boolean {
    const { entries, since, kept } = this.#world;
    const own = entries.filter(
      ({ mid, message }) => mid > since && message.uids?.includes(this.connection.uid) === true,
    );
    const toAll = entries.filter(({ mid, message }) => mid > since && message.uids === null);
    const mailbox = new Set([...own.slice(-kept.mailboxMessages), ...toAll.slice(-kept.broadcastMessages)]);
    return (entry) => mailbox.has(entry);
  }

  #lastOf(frames: readonly Received[]): number | undefined {
    return frames.at(-1)?.msg;
  }

  #newFrames(): Received[] {
    const fresh = decodeFrames(Buffer.concat(this.socket.writes.slice(this.#readWrites)));
    this.#readWrites = this.socket.writes.length;
    return fresh.map(({ payload }) => JSON.parse(payload.toString()) as Received);
  }
}
