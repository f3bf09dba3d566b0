import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mode } from '../../src/hub/connection.ts';
import { textFrame } from '../../src/hub/frame.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { Entry } from '../../src/journal/journal.ts';
import { createCounters } from '../../src/ops/counters.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createPeer, type Peer } from './fake-socket.ts';
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
  /** How many of `expected` it must have received by the last flush. */
  due: number;
  /** It gets nothing more: it was removed, closed, or fell behind. */
  isOver: boolean;
  /** Writes that a flush must not count: first frames. */
  writesBefore: number;
}

class Run {
  readonly counters = createCounters();
  readonly mailboxes = new LocalMailboxes();
  readonly hub = new Hub(
    {
      clock: { now: () => nowMs, isExpired: (atMs) => atMs !== 0 && atMs <= nowMs },
      monotonicMs: () => 0,
      mailboxes: this.mailboxes,
      counters: this.counters,
    },
    { maxConnections: 1000, connectionBudgetBytes: 100_000, behindTimeoutMs: 1000 },
  );
  readonly listeners: Listener[] = [];
  readonly chance: Chance;
  readonly seen = { expired: 0, unmatched: 0, fellBehind: 0, flushes: 0, mixed: 0 };
  mid = 0;

  constructor(seed: number) {
    this.chance = seeded(seed);
  }

  step(): void {
    const kind = this.chance.below(100);
    if (kind < 45) this.publish();
    else if (kind < 60) this.add();
    else if (kind < 68) this.remove();
    else if (kind < 78) this.setTypes();
    else if (kind < 80) this.closeDoor();
    else if (kind < 82) this.stall();
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
      for (const { mode, expected } of matching) {
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
      due: length,
      isOver: false,
      writesBefore: length,
    });
  }

  setTypes(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    listener.types = this.types();
    this.hub.setTypes(listener.connection, listener.types);
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

  flush(): void {
    this.hub.flush();
    this.seen.flushes += 1;
    for (const listener of this.listeners) {
      const { socket, expected, isOver, writesBefore } = listener;
      const wrote = socket.writes.length - writesBefore;
      if (!isOver && socket.writableLength > 0 && expected.length > listener.due) {
        assert.deepEqual(socket.closes, []);
        assert.ok(listener.connection.behind !== null, 'it has fallen behind');
        assert.equal(wrote, 0, 'nothing is written to one that is too slow');
        this.seen.fellBehind += 1;
        this.hub.remove(listener.connection);
        this.over(listener, 3);
      } else if (!isOver) {
        assert.deepEqual(socket.closes, []);
        assert.deepEqual(socket.texts, expected);
        assert.equal(wrote, expected.length > listener.due ? 1 : 0, 'one write for a turn, none for nothing');
        listener.due = expected.length;
      } else assert.equal(wrote, 0, 'nothing is written to one that has gone');
      listener.writesBefore = socket.writes.length;
    }
  }

  finish(): number {
    this.flush();
    let frames = 0;
    for (const { socket, expected, due } of this.listeners) {
      assert.deepEqual(socket.texts, expected.slice(0, due));
      frames += socket.texts.filter((text) => text !== 'welcome').length;
    }
    const { delivered, expired, unmatched, fellBehind } = this.counters;
    assert.equal(delivered, frames);
    assert.deepEqual(
      { expired, unmatched, fellBehind },
      { expired: this.seen.expired, unmatched: this.seen.unmatched, fellBehind: this.seen.fellBehind },
    );
    assert.equal(this.hub.size, this.listeners.filter(({ connection }) => connection.cohort !== null).length);
    return frames;
  }

  over(listener: Listener, readyState: number): void {
    listener.isOver = true;
    listener.socket.readyState = readyState;
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

test('every connection gets what a naive server would send, in its order, in one write a turn', () => {
  const sums = { frames: 0, fellBehind: 0, expired: 0, unmatched: 0 };
  for (let seed = 1; seed <= 60; seed += 1) {
    const run = new Run(seed);
    try {
      for (let step = 0; step < 250; step += 1) run.step();
      sums.frames += run.finish();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    sums.fellBehind += run.seen.fellBehind;
    sums.expired += run.seen.expired;
    sums.unmatched += run.seen.unmatched;
  }
  assert.ok(sums.frames > 20_000, `only ${sums.frames} frames`);
  for (const count of [sums.fellBehind, sums.expired, sums.unmatched]) assert.ok(count > 50, JSON.stringify(sums));
});
