import { setTimeout as delay } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';
import { LatencySample } from './latency-sample.ts';
import { spreadIndex, uidOf, type LoadPlan } from './plan.ts';
import { Poster } from './poster.ts';
import { nowMicros } from './stamp.ts';

const DRAIN_CHECK_MS = 2;

/** Posts what the plan says through its posters, and waits until the crowd has what it is owed. */
export class Campaign {
  /** Posts sent and posts answered 2xx, over all phases. */
  posted = 0;
  accepted = 0;
  lastAnswerMicros = 0;
  /** How long after its due time a paced post was written: the generator's own share of the latency. */
  readonly lag = new LatencySample();
  readonly #plan: LoadPlan;
  readonly #crowd: Crowd;
  readonly #deliveriesPerPost: number;
  readonly #posters: Poster[];
  readonly #idle: Poster[];
  #stopAtMicros = 0;
  #stopAtPosts = 0;
  #phaseDone: (() => void) | undefined;
  #failure: string | undefined;

  constructor(plan: LoadPlan, crowd: Crowd) {
    this.#plan = plan;
    this.#crowd = crowd;
    const listenersPerPost = { all: plan.connections, single: 1, nobody: 0 }[plan.audience];
    this.#deliveriesPerPost = listenersPerPost * plan.batch;
    this.#posters = Array.from({ length: plan.posters }, () => new Poster(plan, this.#answered));
    this.#idle = [...this.#posters];
    crowd.onDelivered = () => {
      if (this.#idle.length > 0 && this.#plan.postsPerSecond === 0) this.#postFromIdle();
    };
  }

  get owed(): number {
    return this.accepted * this.#deliveriesPerPost;
  }

  /** Posts until the time or the count is reached and all is answered. Throws at the first post that is refused. */
  async phase(durationMs: number, maxPosts: number): Promise<void> {
    this.#stopAtMicros = nowMicros() + durationMs * 1000;
    this.#stopAtPosts = this.posted + maxPosts;
    const done = new Promise<void>((resolve) => (this.#phaseDone = resolve));
    if (this.#plan.postsPerSecond > 0) this.#pace(nowMicros(), this.posted);
    else this.#postFromIdle();
    await done;
    this.#phaseDone = undefined;
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  /** Resolves when all that is owed was delivered, or when nothing came for `quietMs`. */
  async drain(): Promise<void> {
    const began = nowMicros();
    while (this.#crowd.delivered < this.owed) {
      const lastSign = Math.max(this.#crowd.lastDeliveryMicros, began);
      if (nowMicros() - lastSign > this.#plan.quietMs * 1000) return;
      await delay(DRAIN_CHECK_MS);
    }
  }

  end(): void {
    for (const poster of this.#posters) poster.end();
  }

  /** Closed loop: lets idle posters post while the phase lasts and the outstanding deliveries are within bounds. */
  #postFromIdle(): void {
    if (this.#phaseDone === undefined) return;
    while (this.#idle.length > 0 && !this.#isOver()) {
      const outstanding = this.posted * this.#deliveriesPerPost - this.#crowd.delivered;
      if (outstanding > 0 && outstanding + this.#deliveriesPerPost > this.#plan.maxOutstanding) return;
      this.#post(this.#idle.pop()!, nowMicros());
    }
    if (this.#idle.length === this.#posters.length && this.#isOver()) this.#phaseDone();
  }

  /**
   * Open loop: the n-th post is due n intervals after the start and carries that instant as its stamp, so that a
   * server that stalls is charged for the posts that it made wait.
   */
  #pace(startMicros: number, firstPost: number): void {
    if (this.#phaseDone === undefined) return;
    const intervalMicros = 1_000_000 / this.#plan.postsPerSecond;
    for (;;) {
      const dueMicros = Math.round(startMicros + (this.posted - firstPost) * intervalMicros);
      if (this.posted >= this.#stopAtPosts || dueMicros >= this.#stopAtMicros) {
        if (this.#idle.length === this.#posters.length) return this.#phaseDone();
        break;
      }
      if (dueMicros > nowMicros() || this.#idle.length === 0) break;
      this.lag.record(nowMicros() - dueMicros);
      this.#post(this.#idle.pop()!, dueMicros);
    }
    // Turns without sleeping: a timer's millisecond would be larger than what is measured.
    setImmediate(() => this.#pace(startMicros, firstPost));
  }

  #isOver(): boolean {
    return this.posted >= this.#stopAtPosts || nowMicros() >= this.#stopAtMicros;
  }

  #post(poster: Poster, stampMicros: number): void {
    const { audience, connections } = this.#plan;
    poster.post(stampMicros, uidOf(audience === 'single' ? spreadIndex(this.posted, connections) : connections));
    this.posted++;
  }

  readonly #answered = (poster: Poster, status: number, text: string): void => {
    if (status < 200 || status > 299) {
      this.#failure ??= `a post failed: ${status} ${text}`;
      this.#phaseDone?.();
      return;
    }
    this.accepted++;
    this.lastAnswerMicros = nowMicros();
    this.#idle.push(poster);
    if (this.#plan.postsPerSecond === 0) this.#postFromIdle();
  };
}
