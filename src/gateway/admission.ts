import type { Counters } from '../ops/counters.ts';
import type { Log } from '../ops/log.ts';
import { HandshakeRate, type HandshakeRateOptions } from './handshake-rate.ts';
import { LoopLag } from './loop-lag.ts';
import { MemoryGuard, type MemoryGuardDeps, type MemoryGuardOptions } from './memory-guard.ts';

export interface AdmissionDeps extends MemoryGuardDeps {
  readonly counters: Counters;
  readonly log: Log;
  /** From 0 up to, and without, 1. */
  readonly random: () => number;
}

export interface AdmissionOptions extends HandshakeRateOptions, MemoryGuardOptions {
  /** How late the event loop may be for a handshake to be taken; 0: however late. */
  readonly maxLagMs: number;
}

type Reason = 'rate' | 'lag' | 'memory';

/** Within which time somebody is asked to come back when it is not his number in the queue that says so. */
const spreadMs = { lag: 5_000, memory: 30_000 } as const;

/** A line in the log at most so often. */
const logEveryMs = 10_000;

/**
 * The guard before the handshake: who comes back in a crowd is taken at a bounded rate, and not while the event loop is late or memory
 * runs short. Asked before anything else is done for a listener; posts do not pass here, and keep their latency.
 */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #maxLagMs: number;
  readonly #rate: HandshakeRate;
  readonly #lag: LoopLag;
  readonly #memory: MemoryGuard;
  #loggedMs = Number.NEGATIVE_INFINITY;
  #logged = 0;

  constructor(deps: AdmissionDeps, options: AdmissionOptions) {
    this.#deps = deps;
    this.#maxLagMs = options.maxLagMs === 0 ? Number.POSITIVE_INFINITY : options.maxLagMs;
    this.#rate = new HandshakeRate(deps.monotonicMs(), options);
    this.#lag = new LoopLag(deps.monotonicMs);
    this.#memory = new MemoryGuard(deps, options);
  }

  start(): void {
    this.#lag.start();
  }

  stop(): void {
    this.#lag.stop();
  }

  /** How late the event loop is, in milliseconds. */
  lagMs(): number {
    return this.#lag.lagMs();
  }

  /** Undefined: the handshake may go on. Else in how many whole seconds, at least 1, it is to be tried again. */
  retryAfterSeconds(): number | undefined {
    const nowMs = this.#deps.monotonicMs();
    if (this.#lag.lagMs() > this.#maxLagMs) return this.#defer('lag', nowMs, this.#deps.random() * spreadMs.lag);
    if (this.#memory.isFull()) return this.#defer('memory', nowMs, this.#deps.random() * spreadMs.memory);
    if (!this.#rate.take(nowMs)) return this.#defer('rate', nowMs, this.#rate.turnInMs(nowMs));
    return undefined;
  }

  /** The header knows whole seconds only: 1.4 s is 1 for six of ten and 2 for the others. */
  #defer(reason: Reason, nowMs: number, inMs: number): number {
    const { counters, log, random } = this.#deps;
    counters.handshakesDeferred += 1;
    if (nowMs - this.#loggedMs >= logEveryMs) {
      const deferred = counters.handshakesDeferred - this.#logged;
      log.warn({ event: 'handshakes.deferred', reason, deferred }, 'more handshakes than are taken now');
      this.#loggedMs = nowMs;
      this.#logged = counters.handshakesDeferred;
    }
    return Math.max(1, Math.floor(inMs / 1000 + random()));
  }
}
