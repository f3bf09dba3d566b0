import type { ClientFindings } from './check-client.ts';
import { endsProcess, type ClientHistory, type History, type Post } from './history.ts';
import type { Rules } from './rules.ts';
import { longestFree, overlaps, type Span } from './spans.ts';
import type { Violation } from './violation.ts';

/** Which posts each uid is to get, in the order in which they were posted. */
export class Addressees {
  readonly #toAll: Post[] = [];
  readonly #byUid = new Map<string, Post[]>();

  constructor(posts: readonly Post[]) {
    for (const post of posts) {
      if (post.acceptedMs === 0 || post.isImpostor) continue;
      if (post.uids === null) this.#toAll.push(post);
      for (const uid of post.uids ?? []) {
        const known = this.#byUid.get(uid);
        if (known === undefined) this.#byUid.set(uid, [post]);
        else known.push(post);
      }
    }
  }

  /** Accepted posts that the client has a right to: for its uid or all, of a type that it asked for. */
  *of(client: ClientHistory): Generator<Post> {
    const isAsked = new Set(client.types);
    for (const post of [...(this.#byUid.get(client.uid) ?? []), ...this.#toAll]) if (isAsked.has(post.type)) yield post;
  }
}

/** Judges what did not arrive. `settledMs`: from when on there is nothing more to wait for. */
export interface LostCheck {
  readonly history: History;
  readonly rules: Rules;
  readonly settledMs: number;
  /** Faults, each with the time that recovery may take after it. */
  readonly unquiet: readonly Span[];
}

export interface LostFindings {
  readonly violations: readonly Violation[];
  /** Posts that could expire and nevertheless had to arrive. */
  readonly judgedExpiring: number;
  /** Posts that did not arrive, and that nobody could ask for. */
  readonly excused: number;
}

/**
 * Accepted minus received has to be empty: for each client, from its first welcome on. Excused are what expired before the client
 * had listened for `quietMs` with no fault near, and, where nothing outlives the process, what was accepted before a kill.
 */
export function checkLost(
  check: LostCheck,
  client: ClientHistory,
  found: ClientFindings,
  posts: Iterable<Post>,
): LostFindings {
  const { settledMs } = check;
  const violations: Violation[] = [];
  let judgedExpiring = 0;
  let excused = 0;
  for (const post of posts) {
    if (post.startedMs <= found.firstWelcomeMs) continue;
    const canExpire = post.expiresAtMs !== 0 && post.expiresAtMs <= settledMs;
    const isTaken = found.taken.has(post.seq);
    if (isTaken && !canExpire) continue;
    const isDue = (!canExpire || hadTime(check, post, found)) && !isForgotten(check, post, canExpire);
    if (canExpire && isDue) judgedExpiring += 1;
    if (isTaken) continue;
    if (!isDue) {
      excused += 1;
      continue;
    }
    const text = canExpire ? 'did not arrive, though its client listened in time' : 'accepted, and did not arrive';
    violations.push({ kind: 'lost', client: client.index, seq: post.seq, atMs: post.acceptedMs, text });
  }
  return { violations, judgedExpiring, excused };
}

function hadTime({ rules, unquiet }: LostCheck, post: Post, found: ClientFindings): boolean {
  const life: Span = { startedMs: post.acceptedMs, endedMs: post.expiresAtMs };
  if (life.endedMs - life.startedMs < rules.quietMs) return false;
  return longestFree(life, found.listening, unquiet) >= rules.quietMs;
}

/** What only a process knew that has ended since, and no client was told in time. */
function isForgotten({ history, rules, settledMs }: LostCheck, post: Post, canExpire: boolean): boolean {
  if (rules.isDurable) return false;
  const life: Span = { startedMs: post.startedMs, endedMs: canExpire ? post.expiresAtMs : settledMs };
  return history.faults.some((fault) => endsProcess(fault) && overlaps(life, fault));
}
