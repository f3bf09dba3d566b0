import { checkAnswers } from './check-answers.ts';
import { checkClient } from './check-client.ts';
import { Addressees, checkLost, type LostCheck } from './check-lost.ts';
import { checkNumbers } from './check-numbers.ts';
import type { History } from './history.ts';
import type { Rules } from './rules.ts';
import type { Violation } from './violation.ts';

/** What a run came to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  /** Messages taken by clients, after the cursor rule; and frames that this rule dropped. */
  readonly delivered: number;
  readonly dropped: number;
  /** Messages that could expire and nevertheless had to arrive, by client. */
  readonly judgedExpiring: number;
  /** Messages that did not arrive and did not have to: expired, or gone with a process that promises nothing. */
  readonly excused: number;
  readonly reconnects: number;
  readonly gaps: number;
  /**
   * Milliseconds until a message was read, counted from its 202 or from the welcome of the connection that it came on, whichever was
   * later; in ascending order.
   */
  readonly delaysMs: readonly number[];
}

/** Judges a history by set and order; `settledMs` is when the driver had waited long enough. Nothing is changed. */
export function check(history: History, rules: Rules, settledMs: number): Verdict {
  const violations: Violation[] = [...checkAnswers(history, rules), ...checkNumbers(history, rules)];
  const addressees = new Addressees(history.posts);
  const unquiet = history.faults.map(({ startedMs, endedMs }) => ({ startedMs, endedMs: endedMs + rules.recoveryMs }));
  const lostCheck: LostCheck = { history, rules, settledMs, unquiet };
  const sums = { delivered: 0, dropped: 0, judgedExpiring: 0, excused: 0, reconnects: 0, gaps: 0 };
  const delaysMs: number[] = [];
  for (const client of history.clients) {
    const found = checkClient(history, client, rules);
    const lost = checkLost(lostCheck, client, found, addressees.of(client));
    violations.push(...found.violations, ...lost.violations);
    if (found.firstWelcomeMs === Infinity || !found.isConnected) {
      const text = `after ${found.connects} attempts it has no connection`;
      violations.push({ kind: 'never-connected', client: client.index, seq: -1, atMs: settledMs, text });
    }
    sums.delivered += found.taken.size;
    sums.dropped += found.dropped;
    sums.judgedExpiring += lost.judgedExpiring;
    sums.excused += lost.excused;
    sums.reconnects += Math.max(0, found.welcomes - 1);
    sums.gaps += found.gaps;
    let span = 0;
    // In the order in which they were taken, and so are the spans.
    for (const [seq, atMs] of found.taken) {
      const acceptedMs = history.posts[seq]?.acceptedMs ?? 0;
      while ((found.listening[span + 1]?.startedMs ?? Infinity) <= atMs) span += 1;
      const sinceMs = found.listening[span]?.startedMs ?? 0;
      if (acceptedMs > 0) delaysMs.push(Math.max(0, atMs - Math.max(acceptedMs, sinceMs)));
    }
  }
  return { violations, ...sums, delaysMs: delaysMs.sort((a, b) => a - b) };
}

/** How many accepted messages are still to come to a client; O(frames), for the wait at the end of a run. */
export function countMissing(history: History, rules: Rules, settledMs: number): number {
  const addressees = new Addressees(history.posts);
  const lostCheck: LostCheck = { history, rules, settledMs, unquiet: [] };
  let missing = 0;
  for (const client of history.clients) {
    const found = checkClient(history, client, rules);
    if (!found.isConnected) missing += 1;
    const never = [...addressees.of(client)].filter(({ expiresAtMs: atMs }) => atMs === 0 || atMs > settledMs);
    missing += checkLost(lostCheck, client, found, never).violations.length;
  }
  return missing;
}
