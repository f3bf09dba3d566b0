import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createJournalServer } from '../../src/cluster/journal-server.ts';
import type { Mode } from '../../src/hub/connection.ts';
import type { Entry } from '../../src/journal/journal.ts';
import type { Message } from '../../src/message/message.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import { sampleMessage } from '../contract/sample-message.ts';
import { createPeer, type Peer } from './fake-socket.ts';
import { HandedOrder } from './handed-order.ts';
import { settled } from './hub-run.ts';
import { retention } from './linked-run.ts';
import { budgetBytes, createSeamWorker, type SeamWorker } from './linked-seam-worker.ts';
import { seeded, type Chance } from './seeded.ts';

const uidNames = ['a', 'b', 'c', 'd', 'e'];

/** A client: what it was given, and what a server that is one process would have given it. */
interface Client {
  readonly uid: string;
  readonly mode: Mode;
  readonly cursor: number | undefined;
  worker: SeamWorker;
  peer: Peer | undefined;
  /** It has everything that is for it above this mid; known once it is open. */
  since: number;
  /** The newest mid of the journal when its 101 was written: what came later it must get. */
  openedAt: number;
  isGone: boolean;
}

interface Received {
  readonly event?: string;
  readonly mid: number;
  readonly msg: number;
  readonly resumed?: boolean;
}

/** Clients that come, leave and fall behind at workers that die, with every delivery on the links in an order of chance. */
export class SeamRun {
  readonly chance: Chance;
  readonly t: TestContext;
  readonly entries: Entry[] = [];
  readonly journal;
  readonly server;
  readonly workers: SeamWorker[] = [];
  readonly clients: Client[] = [];
  readonly seen: Record<string, number> = {};
  readonly handed = new HandedOrder();
  nowMs = 1000;
  #looks = 0;
  /** No two looks at it are the same. */
  readonly machineMs = (): number => this.nowMs + (this.#looks += 1) * 1e-6;
  made = 0;

  constructor(t: TestContext, seed: number) {
    this.t = t;
    this.chance = seeded(seed);
    t.mock.timers.enable({ apis: ['setInterval', 'setImmediate', 'setTimeout'] });
    const clock = { now: () => this.nowMs, isExpired: () => false };
    this.journal = createMemoryJournal({ now: () => this.nowMs, clock, onExpired: () => {} }, retention);
    this.server = createJournalServer({
      journal: this.journal,
      machineMs: this.machineMs,
      onBroken: (_worker, reason) => assert.fail(reason),
      onLost: (_messages, error) => assert.fail(String(error)),
    });
  }

  async start(): Promise<void> {
    await this.journal.start((entries) => {
      this.entries.push(...entries);
      this.server.follower(entries);
    });
    for (let count = 0; count < 3; count += 1) await this.fork();
  }

  async fork(): Promise<void> {
    const { worker, started } = createSeamWorker(this.workers.length + 1, {
      now: () => this.nowMs,
      machineMs: this.machineMs,
    });
    this.server.accept(worker.ends[1]);
    for (let round = 0; round < 6; round += 1) {
      await settled();
      this.pass(1);
      for (const end of worker.ends) end.pass(1_000_000);
    }
    await started;
    this.workers.push(worker);
  }

  count(what: string, by = 1): void {
    this.seen[what] = (this.seen[what] ?? 0) + by;
  }

  async step(): Promise<void> {
    const kind = this.chance.below(100);
    if (kind < 28) this.post();
    else if (kind < 40) this.open();
    else if (kind < 45) this.comeBack();
    else if (kind < 50) this.leave();
    else if (kind < 55) this.stall();
    else if (kind < 60) this.read();
    else if (kind < 90) this.deliver();
    else if (kind < 99) this.pass(this.chance.pick([1, 1, 1, 20, 300]));
    else if (this.chance.happens(0.1)) await this.die();
    await settled();
  }

  post(): void {
    const count = this.chance.pick([1, 1, 2, 5]);
    const messages = Array.from({ length: count }, () => {
      this.made += 1;
      const uids = this.chance.happens(0.3) ? null : uidNames.filter(() => this.chance.happens(0.35));
      const push = `{"types":"notice","msg":${this.made},"time":"${'x'.repeat(this.chance.pick([0, 0, 600]))}"}`;
      return sampleMessage({ uids: uids?.length === 0 ? ['nobody'] : uids, push });
    });
    const worker = this.chance.pick(this.up());
    if (this.chance.happens(0.35)) return this.hand(worker, messages);
    worker.journal.append(messages).then(
      () => this.count('appends'),
      () => this.count('lostAppends'),
    );
  }

  /** Accepted as soon as it is taken: from then on it is not lost, and comes before what is handed over by anybody afterwards. */
  hand(worker: SeamWorker, messages: readonly Message[]): void {
    const begun = this.machineMs();
    const taken = worker.journal.hand(messages);
    const accept = (): void => {
      this.handed.accept({ ids: messages.map(({ id }) => id), begun, accepted: this.machineMs() });
      this.count('handed');
    };
    if (taken === undefined) accept();
    else taken.then(accept, () => this.count('refused'));
  }

  open(
    mode: Mode = this.chance.pick(['plain', 'tracked', 'tracked']),
    uid = this.chance.pick(uidNames),
    cursor?: number,
  ) {
    const worker = this.chance.pick(this.up());
    const client: Client = {
      uid,
      mode,
      cursor,
      worker,
      peer: undefined,
      since: Infinity,
      openedAt: Infinity,
      isGone: false,
    };
    this.clients.push(client);
    const watching = worker.journal.watch(uid);
    this.count(watching === undefined ? 'watchedAlready' : 'watches');
    if (watching === undefined) return this.opened(client);
    watching.then(
      () => (client.isGone ? worker.journal.unwatch(uid) : this.opened(client)),
      () => (client.isGone = true),
    );
  }

  opened(client: Client): void {
    const { worker, uid, mode, cursor } = client;
    const peer = createPeer(uid, mode, budgetBytes);
    client.peer = peer;
    client.openedAt = this.journal.head();
    client.since = cursor ?? worker.journal.head();
    if (cursor === undefined) worker.hub.add(peer.connection, ['*']);
    else worker.hub.resume(peer.connection, ['*'], cursor);
  }

  /** Somebody who has left comes back with what it has got, to any worker. */
  comeBack(): void {
    const gone = this.clients.filter(({ isGone, peer, mode }) => isGone && peer !== undefined && mode === 'tracked');
    if (gone.length === 0) return;
    const client = this.chance.pick(gone);
    this.count('returns');
    this.open('tracked', client.uid, this.midsOf(client).at(-1) ?? client.since);
  }

  leave(): void {
    const here = this.clients.filter(({ isGone }) => !isGone);
    if (here.length > 0) this.close(this.chance.pick(here));
  }

  close(client: Client): void {
    client.isGone = true;
    if (client.peer === undefined) return this.count('leftBeforeOpen');
    client.peer.socket.readyState = 3;
    client.worker.hub.remove(client.peer.connection);
    client.worker.journal.unwatch(client.uid);
  }

  stall(): void {
    const open = this.clients.filter(({ isGone, peer }) => !isGone && peer !== undefined);
    if (open.length === 0) return;
    const { peer } = this.chance.pick(open);
    if (peer !== undefined) peer.socket.isStalled = true;
  }

  read(): void {
    for (const { peer } of this.clients) {
      if (peer === undefined || this.chance.happens(0.5)) continue;
      peer.socket.isStalled = false;
      peer.socket.writableLength = 0;
    }
  }

  /** Some of what is on its way between one worker and the supervisor arrives, cut anywhere. */
  deliver(): void {
    // What a dead one has written is still to be read.
    const { ends } = this.chance.pick(this.workers);
    this.chance.pick(ends).pass(this.chance.pick([1, 7, 100, 1000, 1_000_000]));
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.t.mock.timers.tick(ms);
  }

  /** A worker is killed; another takes its place. */
  async die(): Promise<void> {
    const worker = this.chance.pick(this.up());
    worker.isUp = false;
    for (const client of this.clients) {
      if (client.worker !== worker || client.isGone) continue;
      client.isGone = true;
      if (client.peer !== undefined) client.peer.socket.readyState = 3;
    }
    worker.ends[0].destroy();
    this.count('deaths');
    await this.fork();
  }

  up(): SeamWorker[] {
    return this.workers.filter(({ isUp }) => isUp);
  }

  receivedBy({ peer }: Client): Received[] {
    return peer?.socket.texts.map((text) => JSON.parse(text) as Received) ?? [];
  }

  /** The mids of the messages that a client was given. */
  midsOf(client: Client): number[] {
    const byMsg = new Map(this.entries.map(({ mid, message }) => [(JSON.parse(message.push) as Received).msg, mid]));
    return this.receivedBy(client)
      .filter(({ event }) => event === undefined)
      .map(({ msg }) => byMsg.get(msg) ?? assert.fail(`${msg} was never appended`));
  }

  dueTo({ uid, since }: Client): number[] {
    return this.entries
      .filter(({ mid, message: { uids } }) => mid > since && (uids === null || uids.includes(uid)))
      .map(({ mid }) => mid);
  }

  /** Everything arrives and everybody reads. */
  async finish(): Promise<void> {
    const isQuiet = (): boolean => this.up().every(({ hub }) => hub.behind === 0);
    for (let round = 0; round < 1000 && (round < 20 || !isQuiet()); round += 1) {
      for (const { ends } of this.workers) for (const end of ends) end.pass(1_000_000);
      await settled();
      this.pass(50);
      for (const { peer } of this.clients) {
        if (peer === undefined) continue;
        peer.socket.isStalled = false;
        peer.socket.writableLength = 0;
      }
      await settled();
    }
  }

  check(): void {
    this.handed.check(this.entries);
    for (const client of this.clients) {
      if (client.peer === undefined) {
        assert.ok(client.isGone, 'everybody else has been let in');
        continue;
      }
      assert.ok(client.cursor !== undefined || client.since <= client.openedAt);
      const due = this.dueTo(client);
      const mids = this.midsOf(client);
      assert.deepEqual(client.peer.socket.closes, []);
      const label = `${client.mode} of ${client.uid} since ${client.since}, cursor ${client.cursor}`;
      const expected = client.isGone ? due.slice(0, mids.length) : due;
      const at = mids.findIndex((mid, index) => mid !== expected[index]);
      const here = `${label}: ${mids.length} of ${expected.length}, and ${mids[at]} for ${expected[at]} at ${at}`;
      assert.ok(mids.length === expected.length && at < 0, here);
      this.count('frames', mids.length);
      if (client.cursor === undefined) continue;
      const [welcome] = this.receivedBy(client);
      if (client.isGone && welcome === undefined) continue;
      assert.deepEqual([welcome?.event, welcome?.resumed], ['welcome', true], label);
      this.count('resumed');
    }
    for (const { hub } of this.up()) assert.equal(hub.behind, 0);
    const held = new Set(this.clients.filter(({ isGone }) => !isGone).map(({ uid }) => uid));
    assert.equal(this.server.uids, held.size, 'nothing is watched that nobody holds');
  }
}
