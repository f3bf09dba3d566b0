import type { ClientHistory, Fault, History } from '../chaos/history.ts';

/** How long a listener was without a connection, and when it was back. */
export interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A socket may still end of a fault for so long after it. */
const CLOSE_MS = 5_000;

/**
 * The silences of one listener that have ended: from its close to its next welcome. Where its instance was killed or frozen, from that
 * instant, or from the last frame that came after it.
 */
export function silencesOf(client: ClientHistory, faults: readonly Fault[]): Silence[] {
  const silences: Silence[] = [];
  let fromMs = -1;
  let aliveMs = 0;
  for (const { kind, atMs } of client.events()) {
    if (kind === 'welcome') {
      if (fromMs >= 0) silences.push({ fromMs, toMs: atMs });
      fromMs = -1;
    }
    if (kind === 'close' && aliveMs > 0 && fromMs < 0) {
      const cause = faults.findLast(
        (fault) => isSudden(fault) && fault.startedMs <= atMs && atMs <= fault.endedMs + CLOSE_MS,
      );
      fromMs = Math.min(atMs, Math.max(cause?.startedMs ?? atMs, aliveMs));
    }
    if (kind === 'welcome' || kind === 'frame') aliveMs = atMs;
  }
  return silences;
}

function isSudden({ kind }: Fault): boolean {
  return kind === 'kill-instance' || kind === 'pause-instance';
}

/** The most of these instants that lie within any `lengthMs`. */
export function mostWithin(instantsMs: readonly number[], lengthMs: number): number {
  const sorted = [...instantsMs].sort((a, b) => a - b);
  let most = 0;
  let first = 0;
  for (const [last, atMs] of sorted.entries()) {
    while (atMs - (sorted[first] ?? atMs) >= lengthMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

/** The value that `share` of the values do not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** What became of posts. */
export interface PostFigures {
  readonly posts: number;
  /** Without a 202 to their one attempt; `withKey` of them had an Idempotency-Key. */
  readonly refused: number;
  readonly refusedWithKey: number;
  /** Of the posts that were begun within 10 s of the first fault. */
  readonly refusedShare: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

const FIRST_MS = 10_000;

/** Over posts that were begun from `fromMs` on, up to `toMs`: the time of answers, whatever they were. */
export function postFigures(history: History, fromMs: number, toMs: number): PostFigures {
  let refused = 0;
  let refusedWithKey = 0;
  let early = 0;
  let earlyRefused = 0;
  const tookMs: number[] = [];
  for (const { seqs, status, startedMs, endedMs } of history.attempts) {
    const isRefused = status !== 202;
    if (isRefused) refused += 1;
    if (isRefused && history.posts[seqs[0] ?? -1]?.id.startsWith(history.tag) === true) refusedWithKey += 1;
    if (startedMs >= fromMs && startedMs < fromMs + FIRST_MS) {
      early += 1;
      if (isRefused) earlyRefused += 1;
    }
    if (startedMs >= fromMs && startedMs <= toMs) tookMs.push(endedMs - startedMs);
  }
  return {
    posts: history.attempts.length,
    refused,
    refusedWithKey,
    refusedShare: early === 0 ? 0 : earlyRefused / early,
    p99Ms: quantile(tookMs, 0.99),
    longestMs: tookMs.reduce((most, one) => Math.max(most, one), 0),
  };
}

/** What became of listeners. */
export interface ListenerFigures {
  readonly listeners: number;
  readonly reconnects: number;
  readonly longestSilenceMs: number;
  /** The share of all listeners that came back in the busiest second; of a hand-back, if there was one, within that. */
  readonly busiestSecondShare: number;
  /** From the first fault until the last one was back. */
  readonly allBackMs: number;
  /** Welcomes that said `resumed:false` to a cursor. */
  readonly notResumed: number;
}

export function listenerFigures(history: History): ListenerFigures {
  const { clients, faults } = history;
  const silences = clients.flatMap((client) => silencesOf(client, faults));
  const back = silences.map(({ toMs }) => toMs);
  const longestSilenceMs = silences.reduce((most, { fromMs, toMs }) => Math.max(most, toMs - fromMs), 0);
  const firstFaultMs = faults[0]?.startedMs ?? 0;
  const handBackMs = faults.find(({ kind }) => kind === 'hand-back')?.startedMs ?? 0;
  const judged = back.filter((atMs) => atMs >= handBackMs);
  return {
    listeners: clients.length,
    reconnects: silences.length,
    longestSilenceMs,
    busiestSecondShare: mostWithin(judged, 1_000) / Math.max(1, clients.length),
    allBackMs: back.reduce((last, atMs) => Math.max(last, atMs - firstFaultMs), 0),
    notResumed: clients.reduce((sum, client) => sum + notResumedOf(client), 0),
  };
}

function notResumedOf(client: ClientHistory): number {
  let count = 0;
  let hadCursor = false;
  for (const { kind, mid, value } of client.events()) {
    if (kind === 'connect') hadCursor = mid >= 0;
    if (kind === 'welcome' && hadCursor && value === 0) count += 1;
  }
  return count;
}
