import { endWith, type Scope } from '../support/cleanup.ts';
import type { Stall } from './history.ts';

const TURN_MS = 20;
const NOTED_MS = 60;

/** Notes until the scope ends when this process itself did not get its turn: what arrived meanwhile is read late. */
export function watchStalls(scope: Scope, stalls: Stall[]): void {
  let lastMs = Date.now();
  const timer = setInterval(() => {
    const nowMs = Date.now();
    const lengthMs = nowMs - lastMs - TURN_MS;
    if (lengthMs > NOTED_MS) stalls.push({ endedMs: nowMs, lengthMs });
    lastMs = nowMs;
  }, TURN_MS);
  endWith(scope, () => clearInterval(timer));
}
