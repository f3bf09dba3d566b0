import { check } from '../chaos/checker.ts';
import { History } from '../chaos/history.ts';
import { setups } from '../chaos/setups.ts';
import { watchStalls } from '../chaos/stall-watch.ts';
import { describeViolations } from '../chaos/violation.ts';
import type { Scope } from '../support/cleanup.ts';
import { listenerFigures, postFigures, type ListenerFigures, type PostFigures } from './figures.ts';
import { startListeners } from './listeners.ts';
import { startLoad } from './load.ts';
import { findMissing } from './missing.ts';
import { startPair } from './pair.ts';
import type { Limit, Scenario } from './scenario.ts';
import { scenarios, type HaName } from './scenarios.ts';

export interface Figures extends Omit<PostFigures, 'p99Ms' | 'longestMs'>, ListenerFigures {
  readonly accepted: number;
  /** Accepted messages, by listener, that did not arrive; and those that were taken twice. */
  readonly lost: number;
  /** Of those that are lost: whose listener was not told by `resumed:false` or a gap that it may have missed something. */
  readonly untold: number;
  readonly repeated: number;
  readonly delivered: number;
  /** Of posts begun from the first fault until all listeners were back, or 5 s where none was lost. */
  readonly sendP99Ms: number;
  readonly sendLongestMs: number;
  /** -1: not asked for. */
  readonly leftOnBackup: number;
  readonly refusedHandshakes: number;
  /** The longest time for which the driver or the listeners' process did not get its turn: measured times are wrong by so much. */
  readonly longestStallMs: number;
}

export interface HaResult {
  readonly scenario: HaName;
  readonly event: string;
  readonly isFull: boolean;
  /** What was accepted outlives the process that accepted it. */
  readonly isDurable: boolean;
  readonly postsPerSecond: number;
  readonly figures: Figures;
  /** What was promised and did not hold; empty: all did. */
  readonly failure: string;
  readonly log: readonly string[];
}

export interface HaOptions {
  readonly scenario: HaName;
  readonly isFull: boolean;
  /** Of each instance; absent or 1: it is one process. */
  readonly workers?: number;
  readonly say?: (line: string) => void;
  /** A port that nginx is given for the primary instead of its own: for a control that loses something on the way. */
  readonly detour?: (port: number) => Promise<number>;
}

const POSTS_PER_SECOND = { full: 500, short: 100 };
/** So many first connections are made a second. */
const OPENED_PER_SECOND = 250;
const CONNECT_MS = 60_000;
const LAST_MS = 30_000;
const RECENT_MS = 5_000;
/** In the full run as shipped; tests have no drain unless they ask for it. */
const DRAIN = { full: '20s', short: '2s' };
const STOP_LIMIT_MS = 40_000;

/** Plays one scenario against a pair of its own, which ends with the scope, and judges it. Rejects when it cannot be played. */
export async function runHa(scope: Scope, options: HaOptions): Promise<HaResult> {
  const { scenario: name, isFull, workers = 1, say, detour } = options;
  const scenario: Scenario = scenarios[name];
  const size = isFull ? 'full' : 'short';
  const history = new History(`ha-${Date.now().toString(36)}`);
  const log: string[] = [];
  const beginMs = Date.now();
  const note = (line: string): void => {
    const at = `${((Date.now() - beginMs) / 1_000).toFixed(1)} s: ${line}`;
    log.push(at);
    say?.(at);
  };
  const pair = await startPair(scope, {
    flags: [`--drain=${scenario.drain ?? DRAIN[size]}`, ...(workers > 1 ? [`--workers=${workers}`] : [])],
    backupFlags: (primaryUrl) => [`--backup-of=${primaryUrl}`, ...(isFull ? [] : ['--failback-after=2s'])],
    nginx: scenario.nginx?.[size] ?? [],
    isOnRedis: scenario.queue !== 'list',
    ...(detour === undefined ? {} : { detour }),
    stopLimitMs: STOP_LIMIT_MS,
  });
  watchStalls(scope, history.stalls);
  const uids = Array.from({ length: scenario.listeners[size] }, (_, index) => `u${index}`);
  const listeners = startListeners(scope, history, pair.nginx.url, scenario.jitterMs);
  await listeners.open(uids, (uids.length / OPENED_PER_SECOND) * 1_000);
  await listeners.allWelcome(CONNECT_MS);
  const postsPerSecond = POSTS_PER_SECOND[size];
  const load = startLoad(scope, { history, url: pair.nginx.url, postsPerSecond, uids });
  note(`${uids.length} listeners, ${postsPerSecond} posts/s`);

  const leftOnBackup = (await scenario.play({ pair, history, listeners, isFull, say: note })) ?? -1;
  await load.stop();
  const lastSeq = await load.last(LAST_MS);
  const arrived = await listeners.allHave(lastSeq, LAST_MS);
  note(arrived ? 'the last message is with everybody' : 'the last message did not reach everybody');
  const refusedByStatus = (await listeners.state()).refused;
  const { longestStallMs } = await listeners.collect();

  const { rules } = setups[scenario.queue ?? 'redis'];
  const verdict = check(history, rules, Date.now());
  // Where nothing outlives a process, what is lost is a figure, and that its listener is told is the promise.
  const violations = verdict.violations.filter(({ kind }) => rules.isDurable || kind !== 'lost');
  const missing = findMissing(history, rules);
  const ofListeners = listenerFigures(history);
  const firstMs = history.faults[0]?.startedMs ?? beginMs;
  const untilMs = firstMs + (ofListeners.allBackMs || RECENT_MS);
  const { p99Ms, longestMs, ...ofPosts } = postFigures(history, firstMs, untilMs);
  const countOf = (kind: string): number => verdict.violations.filter((one) => one.kind === kind).length;
  const figures: Figures = {
    ...ofPosts,
    ...ofListeners,
    accepted: history.posts.filter(({ acceptedMs }) => acceptedMs > 0).length,
    lost: missing.length,
    untold: missing.filter(({ isTold }) => !isTold).length,
    repeated: countOf('repeat'),
    delivered: verdict.delivered,
    sendP99Ms: p99Ms,
    sendLongestMs: longestMs,
    leftOnBackup,
    refusedHandshakes: Object.values(refusedByStatus).reduce((sum, count) => sum + count, 0),
    longestStallMs: history.stalls.reduce((most, { lengthMs }) => Math.max(most, lengthMs), longestStallMs),
  };
  note(`refused handshakes by status: ${JSON.stringify(refusedByStatus)}`);
  note(`refusals of posts: ${JSON.stringify(refusals(history))}`);
  note(`errors of nginx: ${JSON.stringify(nginxErrors(pair.nginx.lines))}`);
  const parts = [
    ...(violations.length > 0 ? [describeViolations(violations, history)] : []),
    ...(verdict.delivered === 0 ? ['nothing was delivered'] : []),
    ...exceeded(scenario.limits, figures, isFull),
  ];
  const { isDurable } = rules;
  const { event } = scenario;
  return { scenario: name, event, isFull, isDurable, postsPerSecond, figures, failure: parts.join('\n'), log };
}

/** What of the limits did not hold. Times are not judged in a short run: it shares its machine with other tests. */
export function exceeded(limits: readonly Limit[], figures: Figures, isFull: boolean): string[] {
  return limits
    .filter(({ figure, atMost, isTimed }) => (isFull || isTimed !== true) && !(figures[figure] <= atMost))
    .map(({ figure, atMost }) => `${figure} is ${figures[figure]}, and at most ${atMost} was promised`);
}

/** What nginx said of its upstreams, without their addresses, and how often. */
function nginxErrors(lines: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const what = /\[(?:error|crit|alert|emerg|warn)\] \d+#\d+: (?:\*\d+ )?([^,]{0,160})/.exec(line)?.[1];
    if (what !== undefined) counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

function refusals({ attempts }: History): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, error } of attempts) {
    if (status === 202) continue;
    const what = `${status} ${error.slice(0, 120)}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
