import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Middleware } from 'koa';
import type { Refused } from '../auth/listener-auth.ts';
import { anybody, type Sender, type SenderAuth } from '../auth/sender-auth.ts';
import type { Message } from '../message/message.ts';
import type { PostFormat, PostReader, ReadPost } from '../message/read-post.ts';
import type { Counters } from '../ops/counters.ts';
import type { Log } from '../ops/log.ts';
import type { Accepted, Queue } from '../queue/queue.ts';
import type { ErrorCode } from '../wire/errors.ts';
import { maxIdLength } from '../wire/limits.ts';
import { answerError, answerJson, type ErrorAnswer } from './answer.ts';
import { readBody } from './body.ts';
import { readMediaType } from './media-type.ts';
import type { OriginRule } from '../auth/origin-rule.ts';

export interface SendDeps {
  readonly queue: Queue;
  readonly readPost: PostReader;
  readonly mayPost: OriginRule;
  readonly senders: SenderAuth;
  readonly counters: Counters;
  readonly log: Pick<Log, 'debug'>;
  /** True once nothing that is accepted would still be delivered, now or by another instance. */
  readonly isClosed: () => boolean;
  /** Told of an error that no answer explains. */
  readonly onFault: (error: unknown) => void;
}

export interface SendOptions {
  readonly maxBodyBytes: number;
}

/** For how long a browser may remember that it may post, in seconds. */
const preflightSeconds = '600';

/** What is counted by itself of what is refused. */
const countedBy: Partial<Record<ErrorCode, 'postsUnauthenticated' | 'postsForbidden' | 'postsLimited' | 'overBody'>> = {
  body_too_large: 'overBody',
  unauthenticated: 'postsUnauthenticated',
  forbidden: 'postsForbidden',
  rate_exceeded: 'postsLimited',
};

/**
 * `POST /send`: one middleware ahead of the router, which reads, checks, accepts and answers by itself. It is the line that
 * every notification travels, so it makes no more objects than it needs and leaves Koa's answering aside.
 */
export function createSend(deps: SendDeps, { maxBodyBytes }: SendOptions): Middleware {
  const { queue, readPost, mayPost, senders, counters, log, isClosed, onFault } = deps;
  const { survivesProcess, schedules } = queue.guarantees;
  const suffix = survivesProcess ? '}' : ',"accepted":"volatile"}';

  function refuse(request: IncomingMessage, response: ServerResponse, error: ErrorAnswer, sender: Sender | null): void {
    counters.refused += 1;
    const counter = countedBy[error.code];
    if (counter !== undefined) counters[counter] += 1;
    if (sender !== null) sender.count.refused += 1;
    if (senders.isOn) log.debug({ event: 'post.refused', key: sender?.key?.name ?? null, code: error.code });
    // Who waits for 100 Continue may leave its body out now, and nobody can tell what comes next on the connection.
    const close = request.headers.expect === undefined ? {} : { Connection: 'close' };
    const cors = error.code === 'origin_refused' ? {} : corsOf(request);
    answerError(response, { ...error, headers: { ...close, ...cors, ...error.headers } });
  }

  /** Runs after the body's last byte, outside of Koa's promise: what goes wrong here must end here. */
  function accept(request: IncomingMessage, response: ServerResponse, post: ReadPost, sender: Sender): void {
    if (!post.ok) return refuse(request, response, post, sender);
    if (isClosed()) return refuse(request, response, { code: 'stopping', headers: { Connection: 'close' } }, sender);
    if (!schedules && post.messages.some(({ deliverAtMs }) => deliverAtMs !== 0)) {
      return refuse(request, response, { code: 'cannot_schedule' }, sender);
    }
    const finish = (accepted: Accepted): void => {
      if (!accepted.ok) return refuse(request, response, errorOf(accepted, post.isBatch), sender);
      const count = post.messages.length;
      counters.accepted += count;
      sender.count.accepted += count;
      if (senders.isOn) log.debug({ event: 'post', key: sender.key?.name ?? null, messages: count });
      answerJson(response, 202, `{"msg":"success.",${idsOf(post.messages, post.isBatch)}${suffix}`, corsOf(request));
    };
    const accepted = queue.accept(post.messages);
    if (accepted instanceof Promise) void accepted.then(finish);
    else finish(accepted);
  }

  /** The same for a sender who is asked: that the body is its own, that it is not too much, and that it may post it. */
  async function acceptOf(
    sender: Sender,
    request: IncomingMessage,
    response: ServerResponse,
    { body, format, key }: { readonly body: Buffer; readonly format: PostFormat; readonly key: string | undefined },
  ): Promise<void> {
    const vouched = senders.vouch(sender, request.headers, body);
    if (!vouched.ok) return refuse(request, response, answerOf(vouched), null);
    const post = readPost(body, format, { key, fallback: vouched.id, prefix: sender.idPrefix });
    // What cannot be read costs as much as a post.
    const over = await senders.take(sender, post.ok ? post.messages.length : 1);
    if (over !== undefined) return refuse(request, response, answerOf(over), sender);
    const forbidden = post.ok ? senders.forbid(sender, post.messages, post.isBatch) : undefined;
    if (forbidden !== undefined) return refuse(request, response, forbidden, sender);
    accept(request, response, post, sender);
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    onFault(error);
    refuse(request, response, { code: 'internal' }, null);
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const { headers, method } = request;
    const { origin } = headers;
    if (!mayPost(origin, headers.host)) {
      const message = `Pages of ${origin} may not post here; if they should, start with --origins=${origin}.`;
      return refuse(request, response, { code: 'origin_refused', message }, null);
    }
    if (method === 'OPTIONS' && origin !== undefined) return answerPreflight(response, corsOf(request));
    if (method !== 'POST')
      return refuse(request, response, { code: 'method_not_allowed', headers: { Allow: 'POST' } }, null);
    const sender = senders.isOn ? senders.identify(headers) : anybody;
    if (!sender.ok) return refuse(request, response, answerOf(sender), null);
    // Whoever knows the name of a key that signs could add to its counts.
    const shown = sender.claim === null ? sender : null;
    const mediaType = readMediaType(headers);
    if ('refusal' in mediaType) {
      return refuse(request, response, { code: 'unsupported_media_type', message: mediaType.refusal }, shown);
    }
    const key = readKey(headers['idempotency-key']);
    if (key === null) {
      const message = `Idempotency-Key must be 1 to ${maxIdLength} printable ASCII characters without spaces.`;
      return refuse(request, response, { code: 'invalid_request', message }, shown);
    }
    if (headers.expect !== undefined && Number(headers['content-length'] ?? 0) <= maxBodyBytes)
      response.writeContinue();
    readBody(request, maxBodyBytes, (body) => {
      if (body === undefined) {
        const message = `The body is larger than --max-body, ${maxBodyBytes} bytes.`;
        return refuse(request, response, { code: 'body_too_large', message }, shown);
      }
      const { format } = mediaType;
      try {
        if (!senders.isOn) return accept(request, response, readPost(body, format, { key }), sender);
        void acceptOf(sender, request, response, { body, format, key }).catch((error: unknown) =>
          fail(request, response, error),
        );
      } catch (error) {
        fail(request, response, error);
      }
    });
  }

  return (context, next) => {
    const { req, res } = context;
    if (!isSend(req.url)) return next();
    context.respond = false;
    return handle(req, res);
  };
}

function answerOf({ code, message, retryAfterSeconds }: Refused): ErrorAnswer {
  if (code === 'unauthenticated') return { code, message, headers: { 'WWW-Authenticate': 'Bearer' } };
  if (retryAfterSeconds === undefined) return { code, message };
  return { code, message, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

function errorOf(refused: Extract<Accepted, { ok: false }>, isBatch: boolean): ErrorAnswer {
  const { code, reason: message } = refused;
  if (code !== 'id_conflict') return { code, message };
  const detail = { path: 'id', message: 'was used before for another message' };
  return { code, message, details: refused.conflicts.map((index) => (isBatch ? { index, ...detail } : detail)) };
}

function isSend(url: string | undefined): boolean {
  return url === '/send' || url?.startsWith('/send?') === true;
}

function idsOf(messages: readonly Message[], isBatch: boolean): string {
  const [only] = messages;
  if (!isBatch && only !== undefined) return `"id":${JSON.stringify(only.id)}`;
  return `"ids":${JSON.stringify(messages.map(({ id }) => id))}`;
}

function corsOf({ headers }: IncomingMessage): Readonly<Record<string, string>> | undefined {
  return headers.origin === undefined ? undefined : { 'Access-Control-Allow-Origin': headers.origin, Vary: 'Origin' };
}

/** The header's key, with the quotes of a structured field taken off; null: it is no key. */
function readKey(header: string | string[] | undefined): string | null | undefined {
  if (header === undefined) return undefined;
  if (Array.isArray(header)) return null;
  const key = header.replace(/^"(.*)"$/, '$1');
  return /^[\x21-\x7e]+$/.test(key) && key.length <= maxIdLength ? key : null;
}

function answerPreflight(response: ServerResponse, cors: Readonly<Record<string, string>> | undefined): void {
  response.writeHead(204, {
    ...cors,
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers':
      'Content-Type, Idempotency-Key, Authorization, X-API-Key, Tidings-Key, Tidings-Signature',
    'Access-Control-Max-Age': preflightSeconds,
  });
  response.end();
}
