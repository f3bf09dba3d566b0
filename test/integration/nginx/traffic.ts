import { Agent } from 'node:http';
import { endWith, type Scope } from '../../support/cleanup.ts';
import { post } from '../../support/post.ts';
import type { Answer } from '../../support/request.ts';

/** One post of the traffic and what became of it. */
export interface Posted {
  /** Its `msg`. */
  readonly n: number;
  /** Sent with an Idempotency-Key. */
  readonly isKeyed: boolean;
  /** What `phase()` was when it was begun, and when it was answered. */
  readonly begun: string;
  readonly ended: string;
  readonly answer: Answer;
}

export interface Traffic {
  readonly posted: readonly Posted[];
  /** Lets the posts that are under way end; rejects when one of them had no answer at all. */
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly posters: number;
  /** No poster begins more posts than so many. */
  readonly maxPostsEach: number;
  /** Whether posters use keys; absent: every second one. */
  readonly areKeyed?: boolean;
  readonly phase: () => string;
  /** Told after each answer. */
  readonly onPosted: (posted: readonly Posted[]) => void;
}

/** Keeps `posters` keep-alive connections posting to uid 1, each one post after the other; every second poster uses keys, unless `areKeyed` says otherwise. */
export function startTraffic(scope: Scope, url: string, options: TrafficOptions): Traffic {
  const { posters, maxPostsEach, areKeyed, phase, onPosted } = options;
  const posted: Posted[] = [];
  let isOver = false;
  let next = 0;

  async function run(isKeyed: boolean): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    endWith(scope, () => agent.destroy());
    for (let sent = 0; sent < maxPostsEach && !isOver; sent += 1) {
      const n = next++;
      const begun = phase();
      const headers = isKeyed ? { 'idempotency-key': `traffic-${n}` } : {};
      const answer = await post(url, { topic: 'uids', topic_ids: ['1'], msg: n }, { headers, agent });
      posted.push({ n, isKeyed, begun, ended: phase(), answer });
      onPosted(posted);
    }
  }

  const ended = Promise.all(Array.from({ length: posters }, (_, index) => run(areKeyed ?? index % 2 === 0)));
  ended.catch(() => {});
  return {
    posted,
    async stop() {
      isOver = true;
      await ended;
    },
  };
}
