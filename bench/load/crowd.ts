import type { FrameCounter } from './frame-counter.ts';
import { LatencySample } from './latency-sample.ts';
import { Listener } from './listener.ts';
import { spreadIndex, type LoadPlan } from './plan.ts';
import { nowMicros, readStamp } from './stamp.ts';

/** Handshakes under way at once. */
const OPENING_AT_ONCE = 200;

/** All listeners of a run: what they were owed, what they got, and what went wrong. */
export class Crowd {
  delivered = 0;
  lastDeliveryMicros = 0;
  /** Called after deliveries; the campaign frees posts that waited for them. */
  onDelivered: () => void = () => {};
  readonly latency = new LatencySample();
  readonly problems = new Map<string, number>();
  readonly #plan: LoadPlan;
  readonly #listeners: Listener[] = [];
  readonly #byCounter = new Map<FrameCounter, Listener>();
  #ready = 0;
  #opened: (() => void) | undefined;
  #ending = false;
  untilSample: number;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.untilSample = plan.sampleEvery;
  }

  /** Resolves when every connection is ready; rejects at the first that fails. */
  async open(): Promise<void> {
    if (this.#plan.connections === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#opened = () => (this.problems.size > 0 ? reject(new Error(this.describeProblems())) : resolve());
      for (let i = 0; i < OPENING_AT_ONCE; i++) this.#openNext();
    });
    this.#opened = undefined;
  }

  end(): void {
    this.#ending = true;
    for (const listener of this.#listeners) listener.end();
  }

  describeProblems(): string {
    return [...this.problems].map(([reason, count]) => `${count} x ${reason}`).join('; ');
  }

  /**
   * Compares each connection's deliveries with what `posts` posts owe it and notes each difference as a problem.
   * Exact: what one connection misses and another has too much is two problems.
   */
  verify(posts: number): void {
    const owed = new Float64Array(this.#listeners.length);
    const { audience, batch, connections } = this.#plan;
    if (audience === 'all') owed.fill(posts * batch);
    if (audience === 'single') for (let i = 0; i < posts; i++) owed[spreadIndex(i, connections)]! += batch;
    for (const { index, counter } of this.#listeners) {
      const surplus = counter.deliveries - owed[index]!;
      if (surplus < 0) this.#problem('deliveries missing', -surplus);
      if (surplus > 0) this.#problem('deliveries too many', surplus);
      if (!counter.atBoundary) this.#problem('connection ended inside a frame');
    }
  }

  ready(): void {
    this.#ready++;
    this.#openNext();
    if (this.#ready === this.#plan.connections) this.#opened?.();
  }

  failed(listener: Listener, reason: string): void {
    if (this.#ending) return;
    this.#problem(reason);
    if (this.problems.size === 1) this.#problem(`first at connection ${listener.index}`);
    this.#opened?.();
  }

  /** Hot: once per chunk read. */
  received(count: number): void {
    this.delivered += count;
    this.lastDeliveryMicros = nowMicros();
    this.onDelivered();
  }

  sample(bytes: Uint8Array, start: number, end: number): void {
    this.untilSample = this.#plan.sampleEvery;
    const stamp = readStamp(bytes, start, end);
    if (stamp < 0) this.#problem('a delivery without its stamp');
    else this.latency.record(nowMicros() - stamp);
  }

  control(counter: FrameCounter, opcode: number, payload: Uint8Array): void {
    if (opcode === 9) this.#byCounter.get(counter)?.answerPing(payload);
    else this.#problem(`closed with code ${payload.length >= 2 ? payload[0]! * 256 + payload[1]! : 'none'}`);
  }

  #openNext(): void {
    if (this.#listeners.length >= this.#plan.connections || this.problems.size > 0) return;
    const listener = new Listener(this.#listeners.length, this.#plan, this);
    this.#listeners.push(listener);
    this.#byCounter.set(listener.counter, listener);
  }

  #problem(reason: string, count = 1): void {
    this.problems.set(reason, (this.problems.get(reason) ?? 0) + count);
  }
}
