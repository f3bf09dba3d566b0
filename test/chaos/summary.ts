import type { Verdict } from './checker.ts';
import type { History } from './history.ts';
import type { Size } from './plan.ts';
import { faultsFor, type Scenario, type ScenarioName } from './scenarios.ts';
import type { Setup, SetupName } from './setups.ts';
import { describeViolations } from './violation.ts';

/** What one run came to, for a person, a table and a file. */
export interface RunResult {
  readonly scenario: ScenarioName;
  readonly invariant: string;
  readonly setup: SetupName;
  readonly seed: number;
  readonly rounds: number;
  readonly size: Size;
  readonly seconds: number;
  /** Envelopes: with a 202, without one although repeated, and with one after a repeat. */
  readonly accepted: number;
  readonly notAccepted: number;
  /** Posts answered 503, and not answered at all. */
  readonly refusals: number;
  readonly unanswered: number;
  /** Envelopes that went out more than once. */
  readonly repeated: number;
  readonly delivered: number;
  /** Accepted messages, by client, that should have arrived and did not. */
  readonly lost: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly reconnects: number;
  readonly gaps: number;
  /** Frames that a client had already, and dropped by its cursor. */
  readonly dropped: number;
  /** Messages with a near expiry: had to arrive nevertheless, and did not arrive with good reason. */
  readonly judgedExpiring: number;
  readonly excused: number;
  /** From the 202, or from the welcome of the connection if that was later, until it was read. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** After a fault was put right: the longest until a post was accepted that began after that. */
  readonly acceptsAgainMs: number;
  /** Why the run failed, with what is needed to find out; empty: it did not. */
  readonly failure: string;
}

export interface Run {
  readonly name: ScenarioName;
  readonly scenario: Scenario;
  readonly setup: Setup;
  readonly seed: number;
  readonly size: Size;
  readonly rounds: number;
  readonly sinceMs: number;
  readonly history: History;
  readonly verdict: Verdict;
}

export function summarize(run: Run): RunResult {
  const { history, verdict, setup, size } = run;
  const { violations, delaysMs, ...counts } = verdict;
  const posts = history.posts.filter(({ isImpostor }) => !isImpostor);
  const attempts = new Map<number, number>();
  for (const { seqs } of history.attempts) for (const seq of seqs) attempts.set(seq, (attempts.get(seq) ?? 0) + 1);
  const accepted = posts.filter(({ acceptedMs }) => acceptedMs > 0).length;
  const at = (share: number): number =>
    delaysMs[Math.min(delaysMs.length - 1, Math.floor(share * delaysMs.length))] ?? 0;
  return {
    scenario: run.name,
    invariant: run.scenario.invariant,
    setup: setup.name,
    seed: run.seed,
    rounds: run.rounds,
    size,
    seconds: Math.round((Date.now() - run.sinceMs) / 1_000),
    accepted,
    notAccepted: posts.length - accepted,
    refusals: history.attempts.filter(({ status }) => status === 503).length,
    unanswered: history.attempts.filter(({ status }) => status === 0).length,
    repeated: [...attempts.values()].filter((count) => count > 1).length,
    delivered: counts.delivered,
    lost: violations.filter(({ kind }) => kind === 'lost').length,
    faults: countFaults(history),
    reconnects: counts.reconnects,
    gaps: counts.gaps,
    dropped: counts.dropped,
    judgedExpiring: counts.judgedExpiring,
    excused: counts.excused,
    delayMs: { p50: at(0.5), p99: at(0.99), max: delaysMs.at(-1) ?? 0 },
    acceptsAgainMs: acceptsAgain(history),
    failure: failureOf(run),
  };
}

/** Two runs of the same as one: counts are added, of times the longer ones are told. */
export function together(one: RunResult, next: RunResult): RunResult {
  const faults: Record<string, number> = { ...one.faults };
  for (const [kind, count] of Object.entries(next.faults)) faults[kind] = (faults[kind] ?? 0) + count;
  return {
    ...one,
    rounds: one.rounds + next.rounds,
    seconds: one.seconds + next.seconds,
    accepted: one.accepted + next.accepted,
    notAccepted: one.notAccepted + next.notAccepted,
    refusals: one.refusals + next.refusals,
    unanswered: one.unanswered + next.unanswered,
    repeated: one.repeated + next.repeated,
    delivered: one.delivered + next.delivered,
    lost: one.lost + next.lost,
    faults,
    reconnects: one.reconnects + next.reconnects,
    gaps: one.gaps + next.gaps,
    dropped: one.dropped + next.dropped,
    judgedExpiring: one.judgedExpiring + next.judgedExpiring,
    excused: one.excused + next.excused,
    delayMs: {
      p50: Math.max(one.delayMs.p50, next.delayMs.p50),
      p99: Math.max(one.delayMs.p99, next.delayMs.p99),
      max: Math.max(one.delayMs.max, next.delayMs.max),
    },
    acceptsAgainMs: Math.max(one.acceptsAgainMs, next.acceptsAgainMs),
    failure: [one.failure, next.failure].filter((failure) => failure !== '').join('\n\n'),
  };
}

function countFaults(history: History): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of history.faults) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Faults after which nobody posted soon, as at the end of a round, say nothing about it. */
const TRIED_SOON_MS = 1_000;

function acceptsAgain({ faults, attempts }: History): number {
  const begun = [...attempts].sort((a, b) => a.startedMs - b.startedMs);
  const accepted = attempts.filter(({ status }) => status === 202).sort((a, b) => a.endedMs - b.endedMs);
  let longestMs = 0;
  for (const { endedMs } of faults) {
    const tried = begun.find(({ startedMs }) => startedMs >= endedMs);
    const next = accepted.find(({ startedMs }) => startedMs >= endedMs);
    if (tried === undefined || next === undefined || tried.startedMs > endedMs + TRIED_SOON_MS) continue;
    longestMs = Math.max(longestMs, next.endedMs - endedMs);
  }
  return longestMs;
}

/** A run fails on a broken promise, and when it did not do what it is there for: then it has shown nothing. */
function failureOf(run: Run): string {
  const { history, verdict, setup, scenario, name, seed, rounds, size } = run;
  const parts: string[] = [];
  if (verdict.violations.length > 0) parts.push(describeViolations(verdict.violations, history));
  if (history.strangers.length > 0) parts.push(`frames of nobody:\n${history.strangers.slice(0, 5).join('\n')}`);
  const counts = countFaults(history);
  const missing = faultsFor(scenario, setup).filter((kind) => counts[kind] === undefined);
  if (rounds > 0 && missing.length > 0) parts.push(`these faults did not happen: ${missing.join(', ')}`);
  if (verdict.delivered === 0) parts.push('nothing was delivered');
  if (verdict.judgedExpiring === 0) parts.push('no message with a near expiry was judged');
  if (parts.length === 0) return '';
  const seconds = Math.round(size.roundMs / 1_000);
  const again = `--only=${name} --setup=${setup.name} --seed=${seed + Math.max(0, rounds - 1)}`;
  const sizes = `--clients=${size.clients} --rate=${size.requestsPerSecond} --round=${seconds}s`;
  parts.unshift(`${name} on ${setup.name} failed. That round again: npm run chaos -- ${again} ${sizes}`);
  const startMs = history.posts[0]?.startedMs ?? run.sinceMs;
  const log = history.faults.map(
    ({ kind, target, startedMs, endedMs }) =>
      `  ${((startedMs - startMs) / 1_000).toFixed(2)} to ${((endedMs - startMs) / 1_000).toFixed(2)} s ${kind}: ${target}`,
  );
  parts.push(`all faults:\n${log.join('\n')}`);
  return parts.join('\n\n');
}
