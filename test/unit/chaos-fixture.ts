import { check } from '../chaos/checker.ts';
import { History, type ClientHistory, type Post } from '../chaos/history.ts';
import type { Rules } from '../chaos/rules.ts';

export const durable: Rules = {
  isDurable: true,
  isOrdered: true,
  recoveryMs: 2_000,
  quietMs: 1_000,
  lateToleranceMs: 500,
  answerMs: 4_000,
};

export const volatile: Rules = { ...durable, isDurable: false };

const BEGIN_MS = 1_800_000_000_000;

/** Writes a history by hand: instants are milliseconds since it began, mids are small. */
export class Scribe {
  readonly history = new History('test');

  /** A client that was welcomed at 0 with mid 0. */
  client(uid: string, types: readonly string[] = ['notice']): ClientHistory {
    const client = this.history.addClient(uid, types);
    this.connect(client, 0, -1);
    this.welcome(client, 0, 0);
    return client;
  }

  connect(client: ClientHistory, atMs: number, cursor: number): void {
    client.add('connect', BEGIN_MS + atMs, cursor, 0);
  }

  welcome(client: ClientHistory, atMs: number, mid: number, isResumed = true): void {
    client.add('welcome', BEGIN_MS + atMs, mid, isResumed ? 1 : 0);
  }

  event(client: ClientHistory, kind: 'close' | 'pause' | 'resume', atMs: number): void {
    client.add(kind, BEGIN_MS + atMs);
  }

  gap(client: ClientHistory, atMs: number, after: number, mid: number): void {
    client.add('gap', BEGIN_MS + atMs, mid, after);
  }

  /** Sent at `atMs`, answered 202 two milliseconds later unless another status is given. */
  post(atMs: number, uids: readonly string[] | null, parts: Partial<Post> & { status?: number } = {}): Post {
    const { status = 202, expiresAtMs = 0, ...rest } = parts;
    const post = this.history.addPost({
      poster: 0,
      uids,
      type: 'notice',
      startedMs: BEGIN_MS + atMs,
      id: `id-${this.history.posts.length}`,
      isImpostor: false,
      ...rest,
      expiresAtMs: expiresAtMs === 0 ? 0 : BEGIN_MS + expiresAtMs,
    });
    this.attempt(post, atMs, status);
    return post;
  }

  attempt(post: Post, atMs: number, status: number, id = post.id, tookMs = 2): void {
    const startedMs = BEGIN_MS + atMs;
    const endedMs = startedMs + tookMs;
    if (status === 202 && !post.isImpostor && post.acceptedMs === 0) post.acceptedMs = endedMs;
    const ids = status === 202 ? [id] : [];
    this.history.attempts.push({ seqs: [post.seq], slot: 0, startedMs, endedMs, status, ids, error: '' });
  }

  frame(client: ClientHistory, atMs: number, mid: number, post: Post | undefined, id = post?.id ?? ''): void {
    this.history.addFrame(client, BEGIN_MS + atMs, mid, post?.seq ?? -1, id);
  }

  fault(kind: string, startedMs: number, endedMs: number, slot = 0): void {
    this.history.beginFault(kind, '', slot, BEGIN_MS + startedMs).endedMs = BEGIN_MS + endedMs;
  }

  stall(endedMs: number, lengthMs: number): void {
    this.history.stalls.push({ endedMs: BEGIN_MS + endedMs, lengthMs });
  }

  readonly settledMs = BEGIN_MS + 60_000;
}

/** What the checker finds, in its order. */
export function kindsOf(scribe: Scribe, rules = durable): string[] {
  return check(scribe.history, rules, scribe.settledMs).violations.map(({ kind }) => kind);
}
