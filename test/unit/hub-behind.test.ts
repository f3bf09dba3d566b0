import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createRun, lookMs, settled } from './hub-run.ts';
import { Listener, type World } from './hub-model.ts';
import { createTurns, type Turns } from './hub-turns.ts';
import { createPeer } from './fake-socket.ts';
import { SlowMailboxes } from './hub-slow-store.ts';
import { seeded, type Chance } from './seeded.ts';
import type { Mode } from '../../src/hub/connection.ts';
import type { Entry } from '../../src/journal/journal.ts';

const typeNames = ['a', 'b', 'c'];
const uidNames = ['1', '2', '3', '4'];
const kept = { messages: 80, bytes: 1_000_000, mailboxMessages: 14, broadcastMessages: 30 };
const budgetBytes = 3000;
const behindTimeoutMs = 400;

/** How a store is: `local` is the journal of this process, which everybody is told at once; `remote` lags, stalls and fails. */
type Place = 'local' | 'remote';

class Run implements World {
  readonly chance: Chance;
  readonly place: Place;
  readonly run;
  readonly turns: Turns;
  readonly listeners: Listener[] = [];
  readonly entries: Entry[] = [];
  readonly retracted = new Set<number>();
  readonly toldRetracted = new Set<number>();
  readonly kept = kept;
  readonly seen: Record<string, number> = {};
  /** Nothing was published since all of it was written at once. */
  isFlushed = true;

  constructor(t: TestContext, seed: number, place: Place) {
    this.chance = seeded(seed);
    this.place = place;
    const mailboxes = new SlowMailboxes(kept, place === 'local' ? kept.messages : 12);
    this.run = createRun(t, mailboxes, { connectionBudgetBytes: budgetBytes, behindTimeoutMs });
    this.turns = createTurns(t, this.run.time);
  }

  get nowMs(): number {
    return this.run.time.nowMs;
  }

  get since(): number {
    return this.run.mailboxes.store.since;
  }

  get told(): number {
    return this.run.mailboxes.log.head;
  }

  get storeHead(): number {
    return this.run.mailboxes.store.head;
  }

  get isUnderWay(): boolean {
    return this.turns.isWaiting && !this.isFlushed;
  }

  count(what: string): void {
    this.seen[what] = (this.seen[what] ?? 0) + 1;
  }

  flush(): void {
    this.run.hub.flush();
    this.isFlushed = true;
  }

  /** The hub writes to a few. */
  turn(): void {
    if (!this.turns.isWaiting) return;
    this.turns.take();
    if (this.isUnderWay) this.count('parts');
  }

  async step(): Promise<void> {
    const kind = this.chance.below(100);
    if (kind < 25) this.append();
    else if (kind < 38) this.tell(1 + this.chance.below(10));
    else if (kind < 43) this.flush();
    else if (kind < 50) this.turn();
    else if (kind < 56) this.connect();
    else if (kind < 63) this.resume();
    else if (kind < 66) this.remove();
    else if (kind < 69) this.setTypes();
    else if (kind < 75) this.stall();
    else if (kind < 82) this.drain();
    else if (kind < 90) await this.run.pass(lookMs);
    else if (kind < 96) await this.answer();
    else if (kind < 98) this.run.time.nowMs += 1 + this.chance.below(30);
    else if (kind < 99) await this.run.pass(this.chance.below(3) * 200);
    else if (this.place === 'remote' && this.chance.happens(0.3)) this.lose();
    this.account();
  }

  account(): void {
    for (const listener of this.listeners) listener.account();
  }

  append(): void {
    const entries = Array.from({ length: 1 + this.chance.below(5) }, () => this.entry());
    this.run.mailboxes.append(entries);
    this.entries.push(...entries);
    if (this.place === 'local') this.tell(entries.length);
  }

  entry(): Entry {
    const to = this.chance.happens(0.4) ? null : uidNames.filter(() => this.chance.happens(0.4));
    const text = 'x'.repeat(this.chance.pick([0, 0, 50, 400]));
    const older = this.entries.filter(({ mid }) => mid > this.since && !this.retracted.has(mid));
    const target = this.chance.happens(0.1) && older.length > 0 ? this.chance.pick(older) : undefined;
    const retracts = target?.mid ?? 0;
    const entry = this.run.entry({
      uids: target === undefined ? to : target.message.uids,
      type: target?.message.type ?? this.chance.pick(typeNames),
      expiresAtMs: this.chance.pick([0, 0, 0, this.nowMs + 5, this.nowMs + 40]),
      retracts,
    });
    const push =
      retracts === 0
        ? `{"types":"x","msg":${entry.mid},"time":"${text}"}`
        : `{"event":"retract","id":"i${retracts}","msg":${entry.mid}}`;
    if (target !== undefined) {
      this.count('retractions');
      this.retracted.add(retracts);
      this.run.mailboxes.store.retract(retracts);
    }
    return { mid: entry.mid, message: { ...entry.message, push } };
  }

  tell(count: number): void {
    const entries = this.run.mailboxes.tell(count);
    if (entries.length === 0) return;
    this.isFlushed = false;
    for (const { message } of entries) if (message.retracts !== 0) this.toldRetracted.add(message.retracts);
    for (const listener of this.listeners) listener.decide(entries);
    this.run.hub.publish(entries);
  }

  connect(): void {
    const mode = this.chance.pick(['plain', 'tracked'] as const);
    const listener = this.listen(mode);
    this.run.hub.add(listener.connection, listener.types);
    listener.through = this.told;
  }

  resume(): void {
    const listener = this.listen('tracked');
    const former = this.chance.pick([0, 0, 1, 2]);
    let cursor = Math.max(0, this.told - this.chance.below(former === 1 ? 100 : 20));
    if (former === 2) cursor = this.storeHead + 1 + this.chance.below(5);
    listener.resumes(cursor);
    this.run.hub.resume(listener.connection, listener.types, cursor);
    this.count('resumes');
  }

  listen(mode: Mode): Listener {
    const peer = createPeer(this.chance.pick(uidNames), mode, budgetBytes);
    const listener = new Listener(this, peer, this.types());
    this.listeners.push(listener);
    return listener;
  }

  remove(): void {
    const listener = this.someone();
    if (listener === undefined || this.chance.happens(0.5)) return;
    this.run.hub.remove(listener.connection);
    listener.socket.readyState = 3;
  }

  setTypes(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    listener.types = this.types();
    this.run.hub.setTypes(listener.connection, listener.types);
  }

  stall(): void {
    const listener = this.someone();
    if (listener === undefined) return;
    listener.socket.isStalled = true;
    listener.socket.writableLength += this.chance.pick([0, 1, 2000]);
  }

  drain(): void {
    for (const { socket } of this.listeners) {
      if (this.chance.happens(0.5)) socket.writableLength = Math.floor(socket.writableLength / 2);
      if (this.chance.happens(0.4)) socket.isStalled = false;
      if (!socket.isStalled && this.chance.happens(0.5)) socket.writableLength = 0;
    }
  }

  async answer(): Promise<void> {
    const { questions } = this.run.mailboxes;
    const [question] = questions.splice(this.chance.below(questions.length), 1);
    if (question === undefined) return;
    this.count('answers');
    if (this.chance.happens(0.3)) question.fail();
    else question.answer();
    await settled();
  }

  lose(): void {
    this.count('losses');
    const hole = this.run.mailboxes.lose();
    if (hole.mid === hole.after) return;
    for (const listener of this.listeners) listener.loses(hole.mid);
    this.run.hub.gap(hole.after, hole.mid);
    this.isFlushed = true;
  }

  /** Everybody reads, the store answers, the instance is told everything: all who are open must be live, with everything. */
  async finish(): Promise<void> {
    while (this.run.mailboxes.untold > 0) {
      this.tell(5);
      this.flush();
      this.account();
    }
    for (let round = 0; round < 200 && (round < 2 || this.run.hub.behind > 0); round += 1) {
      for (const { socket, connection } of this.listeners) {
        socket.isStalled = false;
        socket.writableLength = 0;
        if (socket.readyState === 2) this.run.hub.remove(connection);
      }
      for (const question of this.run.mailboxes.questions.splice(0)) question.answer();
      await settled();
      this.account();
      await this.run.pass(lookMs);
      this.account();
      this.flush();
      this.account();
    }
    assert.equal(this.run.hub.behind, 0, 'everybody is caught up');
    const open = this.listeners.filter(({ connection }) => connection.isOpen);
    assert.equal(this.run.hub.size, open.length);
    for (const { through } of open) assert.equal(through, this.told);
  }

  someone(): Listener | undefined {
    const open = this.listeners.filter(({ connection }) => connection.isOpen);
    return open.length === 0 ? undefined : this.chance.pick(open);
  }

  types(): readonly string[] {
    if (this.chance.happens(0.2)) return ['*'];
    return Array.from({ length: 1 + this.chance.below(2) }, () => this.chance.pick(typeNames));
  }
}

for (const place of ['local', 'remote'] as const) {
  test(`whoever is behind gets what a naive model says, with no hole and no repeat: ${place} store`, async (t) => {
    const sums: Record<string, number> = {};
    for (let seed = 1; seed <= 40; seed += 1) {
      const run = new Run(t, seed, place);
      let step = 0;
      try {
        for (; step < 400; step += 1) await run.step();
        await run.finish();
      } catch (error) {
        throw new Error(`seed ${seed}, step ${step}`, { cause: error });
      }
      const { fellBehind, tooSlow, replayed } = run.run.counters;
      for (const [what, count] of Object.entries({ ...run.seen, fellBehind, tooSlow, replayed }))
        sums[what] = (sums[what] ?? 0) + count;
      t.mock.timers.reset();
      run.turns.end();
    }
    const least = {
      frames: 10_000,
      replayed: 2000,
      resumes: 500,
      resumed: 200,
      notResumed: 50,
      fellBehind: 80,
      'too slow': 10,
      'what was missed is no longer kept': 20,
      retractions: 200,
      parts: 500,
      expired: 50,
      ...(place === 'remote' ? { answers: 300, losses: 10, gaps: 10 } : {}),
    };
    for (const [what, count] of Object.entries(least))
      assert.ok((sums[what] ?? 0) >= count, `${what}: ${JSON.stringify(sums)}`);
  });
}
