import { endsProcess, type History, type Post } from './history.ts';
import type { Rules } from './rules.ts';
import type { Violation, ViolationKind } from './violation.ts';

/**
 * Judges the numbers over all clients: one post has one mid (`two-mids`: it was appended twice), one mid is one post, a frame's id is what
 * the 202 said (`wrong-id`), an impostor does not arrive, and where 202 comes after the number, mids follow the order of the posts
 * (`post-order`). O(frames + posts log posts).
 */
export function checkNumbers(history: History, rules: Rules): Violation[] {
  const violations: Violation[] = [];
  const report = (kind: ViolationKind, seq: number, client: number, atMs: number, text: string): void => {
    violations.push({ kind, seq, client, atMs, text });
  };
  const midOf = new Map<number, number>();
  const seqOf = new Map<number, number>();
  const reported = new Set<number>();
  for (const client of history.clients) {
    for (let index = 0; index < client.length; index += 1) {
      const { kind, atMs, mid, value: seq } = client.at(index);
      if (kind !== 'frame' || seq < 0) continue;
      const firstMid = midOf.get(seq);
      const firstSeq = seqOf.get(mid);
      midOf.set(seq, firstMid ?? mid);
      seqOf.set(mid, firstSeq ?? seq);
      if (firstMid !== undefined && firstMid !== mid && !reported.has(seq)) {
        reported.add(seq);
        // What a process forgets when it ends, it may be told again.
        const isForgotten = !rules.isDurable && killedBetween(history, history.posts[seq]?.startedMs ?? 0, atMs);
        if (!isForgotten) report('two-mids', seq, client.index, atMs, `arrived as ${firstMid} and as ${mid}`);
      }
      if (firstSeq !== undefined && firstSeq !== seq) {
        report('one-mid-two-messages', seq, client.index, atMs, `mid ${mid} is post ${firstSeq}, too`);
      }
    }
  }
  for (const { seq, id } of history.otherIds) report('wrong-id', seq, -1, atOf(history, seq), `arrived as ${id}, too`);
  for (const post of history.posts) {
    const seen = history.idSeen(post.seq);
    if (seen === undefined) continue;
    if (post.isImpostor)
      report('impostor', post.seq, -1, post.startedMs, `another body under the id ${post.id} arrived`);
    else if (post.id !== '' && post.id !== seen) {
      report('wrong-id', post.seq, -1, post.startedMs, `answered as ${post.id}, arrived as ${seen}`);
    }
  }
  if (rules.isOrdered) violations.push(...checkPostOrder(history, midOf));
  return violations;
}

/** Every two posts of which one began after the other's 202: their mids are in that order. One sweep over begins and 202s. */
function checkPostOrder(history: History, midOf: ReadonlyMap<number, number>): Violation[] {
  const violations: Violation[] = [];
  const arrived = history.posts.filter(({ seq }) => midOf.has(seq));
  const accepted = arrived.filter(({ acceptedMs }) => acceptedMs > 0).sort((a, b) => a.acceptedMs - b.acceptedMs);
  let position = 0;
  let highest: Post | undefined;
  let highestMid = 0;
  for (const post of arrived.sort((a, b) => a.startedMs - b.startedMs)) {
    for (; position < accepted.length; position += 1) {
      const earlier = accepted[position];
      if (earlier === undefined || earlier.acceptedMs >= post.startedMs) break;
      const mid = midOf.get(earlier.seq) ?? 0;
      if (mid > highestMid) [highest, highestMid] = [earlier, mid];
    }
    const mid = midOf.get(post.seq) ?? 0;
    if (highest === undefined || mid > highestMid) continue;
    const text = `is ${mid}, but post ${highest.seq}, which was accepted before this one was sent, is ${highestMid}`;
    violations.push({ kind: 'post-order', seq: post.seq, client: -1, atMs: post.startedMs, text });
  }
  return violations;
}

function killedBetween(history: History, fromMs: number, toMs: number): boolean {
  return history.faults.some((f) => endsProcess(f) && f.startedMs < toMs && f.endedMs > fromMs);
}

function atOf(history: History, seq: number): number {
  return history.posts[seq]?.startedMs ?? 0;
}
