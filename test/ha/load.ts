import { Agent } from 'node:http';
import type { History, Post } from '../chaos/history.ts';
import { endWith, type Scope } from '../support/cleanup.ts';
import { post as send } from '../support/post.ts';

/** Posts at an even rate, whatever becomes of the ones before: a backend's users do not wait for each other. */
export interface Load {
  /** Posts one message to all, past the rate, until it is accepted; gives its seq. */
  last(limitMs: number): Promise<number>;
  /** No further posts; resolves when all are answered. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly history: History;
  readonly url: string;
  readonly postsPerSecond: number;
  readonly uids: readonly string[];
}

const TICK_MS = 10;
const REQUEST_MS = 10_000;
/** One in so many is for everybody. */
const TO_ALL = 250;
const AGAIN_MS = 250;

/** Every second post has an `Idempotency-Key`; none is repeated by the backend, so that each refusal is seen. */
export function startLoad(scope: Scope, options: LoadOptions): Load {
  const { history, url, postsPerSecond, uids } = options;
  const agent = new Agent({ keepAlive: true });
  endWith(scope, () => agent.destroy());
  const underWay = new Set<Promise<unknown>>();
  const beginMs = performance.now();
  let count = 0;

  const one = (uid: string | undefined, isKeyed: boolean): Promise<number> => {
    const startedMs = Date.now();
    const key = isKeyed ? `${history.tag}-${history.posts.length}` : '';
    const post = history.addPost({
      poster: 0,
      uids: uid === undefined ? null : [uid],
      type: 'notice',
      expiresAtMs: 0,
      startedMs,
      id: key,
      isImpostor: false,
    });
    const sent = attempt(post, key);
    underWay.add(sent);
    void sent.then(() => underWay.delete(sent));
    return sent;
  };
  const attempt = async (post: Post, key: string): Promise<number> => {
    const { seq, uids: to, startedMs } = post;
    const body = { ...(to === null ? { topic: 'all' } : { topic: 'uids', topic_ids: to }), msg: history.text(seq, 60) };
    const headers: Record<string, string> = key === '' ? {} : { 'idempotency-key': key };
    const { status, json, error } = await send(url, body, { agent, headers, timeoutMs: REQUEST_MS }).then(
      (answer) => ({ ...answer, error: answer.status === 202 ? '' : answer.text }),
      (error: unknown) => ({ status: 0, json: undefined, error: String(error) }),
    );
    const endedMs = Date.now();
    const { id = '' } = (json ?? {}) as { id?: string };
    if (status === 202) {
      post.acceptedMs = endedMs;
      post.id = id;
    }
    history.attempts.push({ seqs: [seq], slot: 0, startedMs, endedMs, status, ids: [id], error });
    return status;
  };

  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - beginMs) / 1_000) * postsPerSecond);
    for (; count < due; count += 1) {
      const uid = count % TO_ALL === 0 ? undefined : uids[Math.floor(Math.random() * uids.length)];
      void one(uid, count % 2 === 0);
    }
  }, TICK_MS);
  endWith(scope, () => clearInterval(timer));

  return {
    async last(limitMs) {
      const untilMs = Date.now() + limitMs;
      for (;;) {
        const seq = history.posts.length;
        if ((await one(undefined, true)) === 202) return seq;
        if (Date.now() > untilMs) throw new Error(`no post was accepted for ${limitMs} ms at the end`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
