import { checkClient } from '../chaos/check-client.ts';
import { Addressees } from '../chaos/check-lost.ts';
import type { ClientHistory, History, Post } from '../chaos/history.ts';
import type { Rules } from '../chaos/rules.ts';

/** An accepted message that a listener had a right to and never took. */
export interface Missing {
  readonly client: number;
  readonly post: Post;
  /** After it was posted, the listener was told that it may have missed something. */
  readonly isTold: boolean;
}

/** All that is missing, excused or not: from each listener's first welcome on. */
export function findMissing(history: History, rules: Rules): Missing[] {
  const addressees = new Addressees(history.posts);
  const missing: Missing[] = [];
  for (const client of history.clients) {
    const { taken, firstWelcomeMs } = checkClient(history, client, rules);
    const toldMs = lastTold(client);
    for (const post of addressees.of(client)) {
      if (taken.has(post.seq) || post.startedMs <= firstWelcomeMs) continue;
      missing.push({ client: client.index, post, isTold: toldMs >= post.startedMs });
    }
  }
  return missing;
}

/** When a listener last heard `resumed:false` to its cursor, or of a gap; 0: never. */
function lastTold(client: ClientHistory): number {
  let toldMs = 0;
  let hadCursor = false;
  for (const { kind, atMs, mid, value } of client.events()) {
    if (kind === 'connect') hadCursor = mid >= 0;
    if (kind === 'gap' || (kind === 'welcome' && hadCursor && value === 0)) toldMs = atMs;
  }
  return toldMs;
}
