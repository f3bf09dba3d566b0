import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { post as send } from '../support/post.ts';
import type { History, Post } from './history.ts';
import type { PlannedRequest } from './plan-load.ts';

export interface PosterOptions {
  readonly history: History;
  readonly agent: Agent;
  /** `http://host:port` of each instance, whether or not it runs. */
  readonly urls: () => readonly string[];
  /** What ids of this run begin with. */
  readonly prefix: string;
  /** A repeat of a post may find a process that has forgotten the first one: then it is not made. */
  readonly repeats: boolean;
}

const REQUEST_MS = 8_000;
const ATTEMPTS = 40;
const BETWEEN_ATTEMPTS_MS = 250;

/**
 * Sends one poster's requests in their order, each no earlier than planned and not before the last one is answered. One with ids of its
 * own is repeated, on the next instance, until it is accepted. Ends early, within one request, once `isOver`.
 */
export async function runPoster(
  options: PosterOptions,
  poster: number,
  requests: readonly PlannedRequest[],
  beginMs: number,
  isOver: () => boolean,
): Promise<void> {
  for (const request of requests) {
    const waitMs = beginMs + request.atMs - Date.now();
    if (waitMs > 0) await sleep(waitMs);
    if (isOver()) return;
    await sendRequest(options, poster, request, isOver);
  }
}

async function sendRequest(
  options: PosterOptions,
  poster: number,
  request: PlannedRequest,
  isOver: () => boolean,
): Promise<void> {
  const { history } = options;
  const nowMs = Date.now();
  const posts = request.envelopes.map(({ uids, type, lifeMs }) =>
    history.addPost({
      poster,
      uids,
      type,
      expiresAtMs: lifeMs === 0 ? 0 : nowMs + lifeMs,
      startedMs: nowMs,
      id: request.hasOwnIds ? `${options.prefix}/${history.posts.length}` : '',
      isImpostor: false,
    }),
  );
  const body = bodyOf(history, request, posts);
  const copies = Array.from({ length: request.copies }, (_, index) =>
    attempt(options, request.slot + index, posts, body),
  );
  let isAccepted = (await Promise.all(copies)).includes(202);
  const mayRepeat = request.hasOwnIds && options.repeats;
  for (let count = 1; !isAccepted && mayRepeat && count < ATTEMPTS && !isOver(); count += 1) {
    await sleep(BETWEEN_ATTEMPTS_MS);
    isAccepted = (await attempt(options, request.slot + count, posts, body)) === 202;
  }
  const first = posts[0];
  if (isAccepted && mayRepeat && request.isImpersonated && first !== undefined)
    await impersonate(options, request, first);
}

async function impersonate(options: PosterOptions, request: PlannedRequest, { id, uids, type }: Post): Promise<void> {
  const parts = { poster: -1, uids, type, expiresAtMs: 0, startedMs: Date.now(), id, isImpostor: true };
  const impostor = options.history.addPost(parts);
  await attempt(options, request.slot + 1, [impostor], bodyOf(options.history, request, [impostor]));
}

function bodyOf(history: History, { envelopes }: PlannedRequest, posts: readonly Post[]): string {
  const bodies = posts.map(({ seq, uids, type, expiresAtMs, id }, index) => ({
    ...(uids === null ? { topic: 'all' } : { topic: 'uids', topic_ids: uids }),
    types: type,
    msg: history.text(seq, envelopes[index]?.padding ?? 0),
    ...(expiresAtMs === 0 ? {} : { timeout: expiresAtMs }),
    ...(id === '' ? {} : { id }),
  }));
  return JSON.stringify(bodies.length === 1 ? bodies[0] : bodies);
}

/** One POST, recorded; resolves with its status, 0 when there was no answer. */
async function attempt(options: PosterOptions, slot: number, posts: readonly Post[], body: string): Promise<number> {
  const urls = options.urls();
  const index = slot % urls.length;
  const startedMs = Date.now();
  const { status, json, error } = await send(urls[index] ?? '', body, {
    agent: options.agent,
    timeoutMs: REQUEST_MS,
  }).then(
    (answer) => ({ status: answer.status, json: answer.json, error: answer.status === 202 ? '' : answer.text }),
    (error: unknown) => ({ status: 0, json: undefined, error: String(error) }),
  );
  const endedMs = Date.now();
  const ids = status === 202 ? idsOf(json) : [];
  const seqs = posts.map(({ seq }) => seq);
  options.history.attempts.push({ seqs, slot: index, startedMs, endedMs, status, ids, error });
  if (status !== 202) return status;
  for (const [position, post] of posts.entries()) {
    if (post.isImpostor) continue;
    if (post.acceptedMs === 0) post.acceptedMs = endedMs;
    if (post.id === '') post.id = ids[position] ?? '';
  }
  return status;
}

function idsOf(json: unknown): readonly string[] {
  const { id, ids } = (json ?? {}) as { id?: string; ids?: string[] };
  return ids ?? (id === undefined ? [] : [id]);
}
