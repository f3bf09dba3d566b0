import { overlaps, type Span } from './spans.ts';
import { endsProcess, type ClientHistory, type Fault, type History, type Post } from './history.ts';
import type { Rules } from './rules.ts';
import type { FaultKind } from './scenarios.ts';
import type { Violation, ViolationKind } from './violation.ts';

/** What a walk through one client's events found. */
export interface ClientFindings {
  readonly violations: readonly Violation[];
  /** By seq: when it was taken, after the cursor rule. */
  readonly taken: ReadonlyMap<number, number>;
  /** When the first welcome came; Infinity: never. */
  readonly firstWelcomeMs: number;
  /** When it was connected, welcomed and reading. */
  readonly listening: readonly Span[];
  readonly gaps: number;
  /** Frames that the cursor rule dropped. */
  readonly dropped: number;
  readonly connects: number;
  readonly welcomes: number;
  readonly isConnected: boolean;
}

/** How long what stood in a paused socket may take to be read, once it is read again. */
const BACKLOG_MS = 5_000;
/** How soon after SIGCONT a frame that was checked just before SIGSTOP goes out. */
const AFTER_PAUSE_MS = 500;
const STALL_NEAR_MS = 1_000;
/** How long after a fault a connection may still end of it. */
const CLOSE_MS = 5_000;
const sparesSockets: ReadonlySet<string> = new Set<FaultKind>([
  'pause-redis',
  'kill-redis',
  'cut-subscriber',
  'cut-connections',
  'clock-jump',
  'pause-worker',
]);

/** A worker's connections end with it, and no others do. */
const endsAtOnce: ReadonlySet<string> = new Set<FaultKind>(['kill-worker', 'kill-workers']);

/**
 * Walks one client's events and applies the cursor rule itself. Finds: a frame that nobody posted (`stranger`), for another uid
 * or a type not asked for; mids that do not rise on one connection (`order`); the same post taken twice (`repeat`); a frame read
 * after its expiry on a connection that is read (`late`); a gap where everything is kept; a connection that ended though nothing was done
 * to it or to its instance (`closed`): what happens to Redis is none of its business.
 */
export function checkClient(history: History, client: ClientHistory, rules: Rules): ClientFindings {
  const violations: Violation[] = [];
  const taken = new Map<number, number>();
  const listening: Span[] = [];
  let firstWelcomeMs = Infinity;
  let cursor = -1;
  let gaps = 0;
  let dropped = 0;
  let connects = 0;
  let welcomes = 0;
  let lastMid = -1;
  let slot = -1;
  let isConnected = false;
  let isPaused = false;
  let backlogUntilMs = 0;
  let listeningSinceMs = Infinity;

  const report = (kind: ViolationKind, atMs: number, seq: number, text: string): void => {
    violations.push({ kind, atMs, seq, client: client.index, text });
  };
  const stopListening = (atMs: number): void => {
    if (listeningSinceMs < atMs) listening.push({ startedMs: listeningSinceMs, endedMs: atMs });
    listeningSinceMs = Infinity;
  };
  const noteGap = (atMs: number, text: string): void => {
    gaps += 1;
    if (rules.isDurable || !mayForget(history, atMs)) report('gap', atMs, -1, text);
  };
  const take = (atMs: number, mid: number, post: Post): void => {
    const { seq } = post;
    if (mid <= lastMid) report('order', atMs, seq, `mid ${mid} came after ${lastMid} on the same connection`);
    lastMid = Math.max(lastMid, mid);
    if (post.uids !== null && !post.uids.includes(client.uid)) report('wrong-uid', atMs, seq, 'is for another uid');
    if (!client.types.includes(post.type)) report('wrong-type', atMs, seq, `type ${post.type} was not asked for`);
    const isJudged = !isPaused && atMs > backlogUntilMs;
    if (isJudged) {
      const lateMs = latenessMs(history, post, atMs, slot) - rules.lateToleranceMs;
      if (lateMs > 0) report('late', atMs, seq, `read ${Math.ceil(lateMs)} ms later than its expiry and the tolerance`);
    }
    if (mid <= cursor) {
      dropped += 1;
      return;
    }
    cursor = mid;
    if (taken.has(seq)) report('repeat', atMs, seq, `taken a second time, as ${mid}`);
    else taken.set(seq, atMs);
  };

  for (const { kind, atMs, mid, value } of client.events()) {
    switch (kind) {
      case 'connect':
        connects += 1;
        slot = value;
        lastMid = -1;
        isPaused = false;
        backlogUntilMs = 0;
        break;
      case 'welcome':
        welcomes += 1;
        isConnected = true;
        listeningSinceMs = atMs;
        if (firstWelcomeMs === Infinity) firstWelcomeMs = atMs;
        if (value === 0 && cursor >= 0) noteGap(atMs, `welcome ${mid} says that ${cursor} was not resumed`);
        if (cursor < 0 || (value === 0 && mid < cursor)) cursor = mid;
        break;
      case 'frame': {
        const post = history.posts[value];
        if (post === undefined) report('stranger', atMs, -1, `a frame with mid ${mid} that nobody posted`);
        else take(atMs, mid, post);
        break;
      }
      case 'gap':
        noteGap(atMs, `told of a gap from ${value} to ${mid}`);
        break;
      case 'pause':
        isPaused = true;
        stopListening(atMs);
        break;
      case 'resume':
        isPaused = false;
        backlogUntilMs = atMs + BACKLOG_MS;
        if (isConnected) listeningSinceMs = atMs;
        break;
      case 'close':
        if (isConnected && !hasCause(history, atMs))
          report('closed', atMs, -1, `closed with ${value}, and nobody did that`);
        isConnected = false;
        isPaused = false;
        stopListening(atMs);
        break;
    }
  }
  stopListening(Infinity);
  return { violations, taken, firstWelcomeMs, listening, gaps, dropped, connects, welcomes, isConnected };
}

/** How long after its expiry a frame was read, less what the driver or the paused instance was not running for. */
function latenessMs(history: History, post: Post, atMs: number, slot: number): number {
  const lateMs = atMs - post.expiresAtMs;
  if (post.expiresAtMs === 0 || lateMs <= 0) return 0;
  if (history.faults.some((fault) => wasFrozenWith(fault, post, atMs, slot))) return 0;
  const near: Span = { startedMs: atMs - STALL_NEAR_MS, endedMs: atMs };
  let excusedMs = 0;
  for (const { endedMs, lengthMs } of history.stalls) {
    if (overlaps(near, { startedMs: endedMs - lengthMs, endedMs })) excusedMs += lengthMs;
  }
  return lateMs - excusedMs;
}

/**
 * A process that SIGSTOP hits between its look at the clock and its write says afterwards what was right before. What is read while it
 * stands still is another's.
 */
function wasFrozenWith(fault: Fault, post: Post, atMs: number, slot: number): boolean {
  if (!/^pause-(instance|worker)$/.test(fault.kind) || fault.slot !== slot) return false;
  return post.startedMs <= fault.startedMs && atMs >= fault.endedMs && atMs <= fault.endedMs + AFTER_PAUSE_MS;
}

/** Some process that had a journal to itself has ended by then. */
function mayForget({ faults }: History, atMs: number): boolean {
  return faults.some((fault) => endsProcess(fault) && fault.startedMs <= atMs);
}

function hasCause({ faults }: History, atMs: number): boolean {
  return faults.some(
    ({ kind, startedMs, endedMs }) =>
      !sparesSockets.has(kind) && startedMs <= atMs && atMs <= (endsAtOnce.has(kind) ? startedMs : endedMs) + CLOSE_MS,
  );
}
