import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Mode } from '../../src/hub/connection.ts';
import { textFrame } from '../../src/hub/frame.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { Entry } from '../../src/journal/journal.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import { createTurns, type TurnClock, type Turns } from './hub-turns.ts';
import { LocalMailboxes } from './hub-mailboxes.ts';
import { seeded, type Chance } from './seeded.ts';

const typeNames = ['a', 'b', 'c', 'a b'];
const uidNames = ['1', '2', '3', '4', '5'];
const nowMs = 1_000_000;

/** A connection, and what a naive server would have sent it: every matching entry, at once and one by one. */
interface Listener extends Peer {
  readonly uid: string;
  readonly mode: Mode;
  types: readonly string[];
  readonly expected: string[];
  /** How many of `expected` it must have received by now, and how many when the turn is over that is under way. */
  due: number;
  dueNext: number;
  /** The newest mid of each of `expected`; 0 for a first frame. */
  readonly mids: number[];
  /** It gets nothing more: it was removed, closed, or fell behind. */
  isOver: boolean;
  /** Writes that are accounted for. */
  writesBefore: number;
}

class Run {
  readonly counters = createCounters();
  readonly mailboxes = new LocalMailboxes();
  readonly time: TurnClock = { monotonicMs: 0, perLookMs: 0 };
  readonly hub = new Hub(
    {
      clock: { now: () => nowMs, isExpired: (atMs) => atMs !== 0 && atMs <= nowMs },
      monotonicMs: () => (this.time.monotonicMs += this.time.perLookMs),
      mailboxes: this.mailboxes,
      counters: this.counters,
    },
    { maxConnections: 1000, connectionBudgetBytes: 100_000, behindTimeoutMs: 1000, writesPerLook: 1 },
  );
  readonly turns: Turns;
  readonly listeners: Listener[] = [];
  readonly chance: Chance;
  readonly seen = { expired: 0, unmatched: 0, fellBehind: 0, parts: 0, settled: 0 };
  mid = 0;
  /** A turn is under way: some have been given their part. */
  isUnderWay = false;

  constructor(t: TestContext, seed: number) {
    this.turns = createTurns(t, this.time);
    this.chance = seeded(seed);
  }

  step(): void {
    const kind = this.chance.below(100);
    if (kind < 40) this.publish();
    else if (kind < 52) this.add();
    else if (kind < 58) this.remove();
    else if (kind < 68) this.setTypes();
    else if (kind < 70) this.closeDoor();
    else if (kind < 72) this.dismiss();
    else if (kind < 74) this.stall();
    else if (kind < 92) this.turn();
    else this.flush();
  }

  publish(): void {
    const entries = Array.from({ length: 1 + this.chance.below(4) }, () => this.entry());
    for (const { mid, message } of entries) {
      if (message.expiresAtMs !== 0 && message.expiresAtMs <= nowMs) {
        this.seen.expired += 1;
        continue;
      }
      const matching = this.listeners.filter(
        ({ uid, types, isOver, socket }) =>
          (!isOver || socket.readyState === 2) &&
          (message.uids === null || message.uids.includes(uid)) &&
          (types.includes('*') || types.includes(message.type)),
      );
      if (matching.length === 0) this.seen.unmatched += 1;
      for (const { mode, expected, mids } of matching) {
        mids.push(mid);
        expected.push(mode === 'plain' ? message.push : `{"mid":${mid},"id":"i${mid}",${message.push.slice(1)}`);
      }
    }
    this.mailboxes.append(entries);
    this.hub.publish(entries);
  }

  entry(): Entry {
    this.mid += 1;
    const uids = this.chance.happens(0.5) ? null : uidNames.filter(() => this.chance.happens(0.4));
    const push = `{"types":"x","msg":"${this.mid}${'é'.repeat(this.chance.pick([0, 1, 60, 200]))}","time":"t"}`;
    const type = this.chance.pick(typeNames);
    const expiresAtMs = this.chance.pick([0, 0, 0, nowMs, nowMs + 1]);
    return { mid: this.mid, message: sampleMessage({ id: `i${this.mid}`, uids, type, expiresAtMs, push }) };
  }

  add(): void {
    const uid = this.chance.pick(uidNames);
    const mode = this.chance.pick(['plain', 'tracked'] as const);
    const types = this.types();
    const peer = createPeer(uid, mode, 100_000);
    const first = mode === 'tracked' ? ['welcome'] : [];
    this.hub.add(peer.connection, types, mode === 'tracked' ? textFrame('welcome') : undefined);
    const { length } = first;
    this.listeners.push({
      ...peer,
      uid,
      mode,
      types,
      expected: first,
      mids: first.map(() => 0),
      due: length,
      dueNext: length,
      isOver: false,
      writesBefore: length,
    });
  }

  setTypes(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    listener.types = this.types();
    this.hub.setTypes(listener.connection, listener.types);
    if (!this.isUnderWay) return;
    if (this.given(listener) === listener.dueNext) this.seen.settled += 1;
  }

  /** It is given all that was published, and closed. */
  dismiss(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    this.hub.dismiss(listener.connection, 4000, 'enough');
    assert.deepEqual(listener.socket.texts, listener.expected);
    listener.due = listener.expected.length;
    this.over(listener, 2);
  }

  remove(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    this.hub.remove(listener.connection);
    this.over(listener, 3);
  }

  /** The client has said goodbye; the socket has not closed yet. */
  closeDoor(): void {
    const listener = this.someone();
    if (listener !== undefined) this.over(listener, 2);
  }

  /** From now on it reads nothing: the next flush that has something for it finds it too slow. */
  stall(): void {
    const listener = this.someone();
    if (listener !== undefined) listener.socket.writableLength = 100_000;
  }

  /** The hub writes to a few, and is given the rest of its time later. */
  turn(): void {
    if (!this.turns.isWaiting) return;
    if (!this.isUnderWay) this.begin();
    this.turns.take();
    const isOver = this.open().every((listener) => this.given(listener) === listener.dueNext);
    if (!isOver) this.seen.parts += 1;
    for (const listener of this.open()) {
      const { socket, due, dueNext, expected, writesBefore } = listener;
      const given = this.given(listener);
      assert.ok(given === due || given === dueNext, 'a turn is given whole or not at all');
      assert.deepEqual(socket.texts, expected.slice(0, given));
      assert.equal(socket.writes.length - writesBefore, given > due ? 1 : 0, 'one write for a turn');
    }
    if (!isOver) return;
    this.isUnderWay = false;
    this.account();
    // What is left, if anything, is for those who have gone, or for a turn that has not begun.
    if (this.turns.isWaiting) this.flush();
  }

  /** What was gathered is under way from here on. */
  begin(): void {
    this.isUnderWay = true;
    for (const listener of this.listeners) listener.dueNext = listener.expected.length;
  }

  flush(): void {
    const before = this.isUnderWay ? 2 : 1;
    this.hub.flush();
    for (const listener of this.open()) {
      const { socket, expected, due, writesBefore } = listener;
      assert.deepEqual(socket.texts, expected);
      const wrote = socket.writes.length - writesBefore;
      assert.ok(wrote <= before && wrote > 0 === expected.length > due, 'one write for a turn, none for nothing');
      listener.dueNext = expected.length;
    }
    this.isUnderWay = false;
    this.account();
  }

  /** Everybody has what was due. */
  account(): void {
    for (const listener of this.listeners) {
      const { socket, isOver, writesBefore } = listener;
      if (isOver) assert.equal(socket.writes.length, writesBefore, 'nothing is written to one that has gone');
      listener.due = listener.dueNext;
      listener.writesBefore = socket.writes.length;
    }
  }

  /** Those that are live; one that has fallen behind since is taken out. */
  open(): Listener[] {
    for (const listener of this.listeners) {
      const { connection, expected, mids, isOver, socket } = listener;
      if (isOver || connection.behind === null) continue;
      const given = this.given(listener);
      const { cursor } = connection.behind;
      assert.deepEqual(socket.texts, expected.slice(0, given));
      assert.deepEqual(socket.closes, []);
      assert.ok(cursor >= Math.max(0, ...mids.slice(0, given)), 'what it has is not repeated');
      assert.ok(cursor < (mids[given] ?? 0), 'it has fallen behind with what it lacks, for the journal to give');
      this.seen.fellBehind += 1;
      this.hub.remove(connection);
      this.over(listener, 3);
    }
    return this.listeners.filter(({ isOver }) => !isOver);
  }

  given({ socket }: Listener): number {
    return socket.texts.length;
  }

  finish(): number {
    this.flush();
    let frames = 0;
    for (const { socket, expected } of this.listeners) {
      const { texts } = socket;
      assert.deepEqual(texts, expected.slice(0, texts.length));
      frames += texts.filter((text) => text !== 'welcome').length;
    }
    const { delivered, expired, unmatched, fellBehind } = this.counters;
    assert.equal(delivered, frames);
    assert.deepEqual(
      { expired, unmatched, fellBehind },
      { expired: this.seen.expired, unmatched: this.seen.unmatched, fellBehind: this.seen.fellBehind },
    );
    assert.equal(this.hub.size, this.listeners.filter(({ connection }) => connection.cohort !== null).length);
    this.turns.end();
    return frames;
  }

  over(listener: Listener, readyState: number): void {
    listener.isOver = true;
    listener.socket.readyState = readyState;
    listener.writesBefore = listener.socket.writes.length;
  }

  someone(): Listener | undefined {
    const open = this.listeners.filter(({ isOver, socket }) => !isOver && socket.writableLength === 0);
    return open.length === 0 ? undefined : this.chance.pick(open);
  }

  types(): readonly string[] {
    if (this.chance.happens(0.2)) return ['*'];
    return Array.from({ length: 1 + this.chance.below(3) }, () => this.chance.pick(typeNames));
  }
}

test('every connection gets what a naive server would send, in its order, in one write a turn', (t) => {
  const sums = { frames: 0, fellBehind: 0, expired: 0, unmatched: 0, parts: 0, settled: 0 };
  for (let seed = 1; seed <= 90; seed += 1) {
    const run = new Run(t, seed);
    try {
      for (let step = 0; step < 250; step += 1) run.step();
      sums.frames += run.finish();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    for (const what of ['fellBehind', 'expired', 'unmatched', 'parts', 'settled'] as const)
      sums[what] += run.seen[what];
  }
  const { frames, ...others } = sums;
  assert.ok(frames > 20_000, `only ${frames} frames`);
  for (const count of Object.values(others)) assert.ok(count > 50, JSON.stringify(sums));
});
