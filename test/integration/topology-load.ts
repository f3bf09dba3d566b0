import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { MessageDocument } from '../../src/ops/message-document.ts';
import { askRedis } from '../support/ask-redis.ts';
import type { Scope } from '../support/cleanup.ts';
import { eventually } from '../support/deadline.ts';
import type { Instance } from '../support/instance.ts';
import { post } from '../support/post.ts';
import { request } from '../support/request.ts';
import { connectWs, type WsClient } from '../support/ws-client.ts';
import { accepted } from './admin-client.ts';

interface TrackedFrame {
  readonly event?: string;
  readonly id?: string;
  readonly mid?: number;
}

export interface Load {
  /** The ids that were answered 202 so far. */
  readonly accepted: readonly string[];
  /** What was answered otherwise, and how often: the codes of errors, or `no answer`. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Waits until so many more were accepted. */
  more(count: number): Promise<void>;
  /** The longest time between two 202 so far, in milliseconds. */
  longestPauseMs(): number;
  /** Ends the posting, waits until every client has seen the last message, and judges the order of what it was sent. */
  end(): Promise<Outcome>;
}

export interface Outcome {
  /** The ids of accepted messages that a client missed. */
  readonly missed: readonly string[];
  /** The mids under which a client was sent one message, where they are several. */
  readonly repeated: readonly (readonly number[])[];
}

const posters = 4;
const pauseMs = 5;

/**
 * Posts to all instances in turn, each post with an id of its own and again until it is accepted, and listens at each with a tracked client
 * that stays connected.
 */
export async function startLoad(scope: Scope, instances: readonly Instance[]): Promise<Load> {
  const clients: WsClient[] = [];
  for (const { wsUrl } of instances) clients.push(await connectWs(scope, `${wsUrl}/ws?uid=1&mid=`));
  const accepted: string[] = [];
  const refusals = new Map<string, number>();
  let isPosting = true;
  let longestMs = 0;
  let lastMs = performance.now();
  let count = 0;

  async function postOnce(body: object, turn: number): Promise<string> {
    const instance = instances[turn % instances.length];
    if (instance === undefined) throw new Error('no instance');
    try {
      const answer = await post(instance.url, body);
      if (answer.status === 202) return 'accepted';
      return String((JSON.parse(answer.text) as { error?: { code?: string } }).error?.code);
    } catch {
      return 'no answer';
    }
  }

  async function postUntilAccepted(): Promise<void> {
    count += 1;
    const id = `load-${count}`;
    const body = { topic: 'uids', topic_ids: ['1'], msg: id, id };
    for (let turn = count; ; turn += 1) {
      const outcome = await postOnce(body, turn);
      if (outcome === 'accepted') break;
      refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    accepted.push(id);
  }

  const posting = Array.from({ length: posters }, async () => {
    while (isPosting) {
      await postUntilAccepted();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  });

  return {
    accepted,
    refusals,
    longestPauseMs: () => longestMs,
    async more(more) {
      const enough = accepted.length + more;
      await eventually(
        () => (accepted.length >= enough ? true : undefined),
        () => `${more} more posts to be accepted; refused: ${JSON.stringify([...refusals])}`,
        30_000,
      );
    },
    async end() {
      isPosting = false;
      await Promise.all(posting);
      await postUntilAccepted();
      const last = accepted.at(-1);
      const missed: string[] = [];
      const repeated: number[][] = [];
      for (const client of clients) {
        await client.until((frame) => (frame as TrackedFrame).id === last, 'the last message');
        assert.ok(client.isOpen());
        const frames = client.frames.map((frame) => frame as TrackedFrame).filter(({ id }) => id !== undefined);
        const mids = frames.map(({ mid = 0 }) => mid);
        assert.deepEqual(
          mids.filter((mid, index) => mid <= (mids[index - 1] ?? 0)),
          [],
          'every mid is above the one before it',
        );
        const midsOf = new Map<string, number[]>();
        for (const { id = '', mid = 0 } of frames) midsOf.set(id, [...(midsOf.get(id) ?? []), mid]);
        repeated.push(...[...midsOf.values()].filter(({ length }) => length > 1));
        missed.push(...accepted.filter((id) => !midsOf.has(id)));
      }
      return { missed, repeated };
    },
  };
}

export async function untilReady(instances: readonly Instance[]): Promise<void> {
  for (const { url } of instances) {
    let text = '';
    await eventually(
      async () => {
        const answer = await request(`${url}/readyz`);
        text = answer.text;
        return answer.status === 200 ? true : undefined;
      },
      () => `the instance to be ready: ${text}`,
      30_000,
    );
  }
}

/**
 * What clients missed is not in the new master, which got it too late or never; what came to them twice is there once: the first copy was
 * told and lost by Redis before it was appended again.
 */
export async function assertKeptCame(
  t: TestContext,
  load: Load,
  port: number,
  { prefix, password }: { readonly prefix: string; readonly password: string },
): Promise<void> {
  const { missed, repeated } = await load.end();
  await askRedis(port, password, async (client) => {
    for (const id of missed) {
      const state = await client.get(`${prefix}:i:${id}`);
      // 0: a claim whose job was lost.
      assert.match(state ?? '0 ', /^0 /, `${id} is kept and did not come`);
    }
    for (const mids of repeated) {
      const kept = await Promise.all(mids.map((mid) => client.xrange(`${prefix}:log`, mid, mid)));
      assert.equal(kept.flat().length, 1, `of ${mids.join()} all but one were lost by Redis`);
    }
  });
  t.diagnostic(
    `${load.accepted.length} accepted; lost by replication: ${missed.length} missed, ${repeated.length} came twice; ` +
      `refused: ${JSON.stringify([...load.refusals])}; no 202 for ${load.longestPauseMs().toFixed(0)} ms at most`,
  );
}

/**
 * Both are at one server: their questions to each other count who hears them, and whom a server of its own hears is not counted. Questions go
 * by connections of their own, which /readyz does not speak of and which find the new server by themselves; until then they are answered 503.
 */
export async function assertBothHear(instances: readonly [Instance, Instance]): Promise<void> {
  const id = await accepted(instances[0], { topic: 'uids', topic_ids: ['nobody'], msg: 'm' });
  for (const { adminUrl } of instances) {
    let said = '';
    await eventually(
      async () => {
        const { status, text, json } = await request(`${adminUrl}/messages/${encodeURIComponent(id)}`);
        said = text;
        assert.ok([200, 404, 503].includes(status), text);
        const { counted } = json as MessageDocument;
        return status === 200 && counted?.instances === 2 && counted.answered === 2 ? true : undefined;
      },
      () => `both to be asked; the last: ${said}`,
    );
  }
}
