import type { TestContext } from 'node:test';

/** A clock that goes on by itself only while the hub has its turn. */
export interface TurnClock {
  monotonicMs: number;
  /** What each look at it takes. */
  perLookMs: number;
}

/** More than the hub rests between two fan-outs. */
const restMs = 20;
const perLookMs = 1.5;

/** The hub's turns of the event loop, which a test takes one by one. With one write for each look at the clock, a turn has two. */
export function createTurns({ mock }: TestContext, clock: TurnClock) {
  let waiting: (() => void)[] = [];
  const gather = (fire: () => void): void => void waiting.push(fire);
  const mocks = [mock.method(globalThis, 'setImmediate', gather), mock.method(globalThis, 'setTimeout', gather)];
  return {
    /** There is something that was not written yet; a flush may have written it meanwhile. */
    get isWaiting(): boolean {
      return waiting.length > 0;
    },
    take(): void {
      const due = waiting;
      waiting = [];
      clock.monotonicMs += restMs;
      clock.perLookMs = perLookMs;
      for (const fire of due) fire();
      clock.perLookMs = 0;
    },
    end(): void {
      for (const { mock: method } of mocks) method.restore();
    },
  };
}

export type Turns = ReturnType<typeof createTurns>;
