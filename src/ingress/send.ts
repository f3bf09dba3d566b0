import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Middleware } from 'koa';
import type { Message } from '../message/message.ts';
import type { PostReader } from '../message/read-post.ts';
import type { Counters } from '../ops/counters.ts';
import type { Accepted, Queue } from '../queue/queue.ts';
import { maxIdLength } from '../wire/limits.ts';
import { answerError, answerJson, type ErrorAnswer } from './answer.ts';
import { readBody } from './body.ts';
import { readMediaType } from './media-type.ts';
import type { OriginRule } from './origin.ts';

export interface SendDeps {
  readonly queue: Queue;
  readonly readPost: PostReader;
  readonly mayPost: OriginRule;
  readonly counters: Counters;
}

export interface SendOptions {
  readonly maxBodyBytes: number;
}

/** For how long a browser may remember that it may post, in seconds. */
const preflightSeconds = '600';

/**
 * `POST /send`: one middleware ahead of the router, which reads, checks, accepts and answers by itself. It is the line that
 * every notification travels, so it makes no more objects than it needs and leaves Koa's answering aside.
 */
export function createSend(
  { queue, readPost, mayPost, counters }: SendDeps,
  { maxBodyBytes }: SendOptions,
): Middleware {
  const suffix = queue.guarantees.survivesProcess ? '}' : ',"accepted":"volatile"}';

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = request;
    const { origin } = headers;
    const cors: Record<string, string> =
      origin === undefined ? {} : { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' };

    const refuse = (error: ErrorAnswer): void => {
      counters.refused += 1;
      // What is left of the body is not read, so the connection cannot carry another request.
      const close = request.complete ? {} : { Connection: 'close' };
      answerError(response, { ...error, headers: { ...close, ...cors, ...error.headers } });
    };

    if (!mayPost(origin, headers.host)) {
      delete cors['Access-Control-Allow-Origin'];
      return refuse({
        code: 'origin_refused',
        message: `Pages of ${origin} may not post here; if they should, start with --origins=${origin}.`,
      });
    }
    if (method === 'OPTIONS' && origin !== undefined) return answerPreflight(response, cors);
    if (method !== 'POST') return refuse({ code: 'method_not_allowed', headers: { Allow: 'POST' } });
    const mediaType = readMediaType(headers);
    if ('refusal' in mediaType) return refuse({ code: 'unsupported_media_type', message: mediaType.refusal });
    const key = readKey(headers['idempotency-key']);
    if (key === null)
      return refuse({
        code: 'invalid_request',
        message: 'Idempotency-Key must be 1 to 128 printable ASCII characters.',
      });
    if (headers.expect !== undefined && Number(headers['content-length'] ?? 0) <= maxBodyBytes)
      response.writeContinue();
    const body = await readBody(request, maxBodyBytes);
    if (body === 'aborted') return;
    if (body === 'too_large') {
      return refuse({ code: 'body_too_large', message: `The body is larger than --max-body, ${maxBodyBytes} bytes.` });
    }
    const post = readPost(body, mediaType.format, key);
    if (!post.ok) return refuse(post);
    const accepting = queue.accept(post.messages);
    const accepted: Accepted = accepting instanceof Promise ? await accepting : accepting;
    if (!accepted.ok) return refuse({ code: accepted.code, message: accepted.reason });
    counters.accepted += post.messages.length;
    answerJson(response, 202, `{"msg":"success.",${idsOf(post.messages, post.isBatch)}${suffix}`, cors);
  }

  return (context, next) => {
    const { req, res } = context;
    if (!isSend(req.url)) return next();
    context.respond = false;
    return handle(req, res);
  };
}

function isSend(url: string | undefined): boolean {
  return url === '/send' || url?.startsWith('/send?') === true;
}

function idsOf(messages: readonly Message[], isBatch: boolean): string {
  const ids = messages.map(({ id }) => JSON.stringify(id));
  return isBatch ? `"ids":[${ids.join(',')}]` : `"id":${ids[0]}`;
}

/** The header's key, with the quotes of a structured field taken off; null: it is no key. */
function readKey(header: string | string[] | undefined): string | null | undefined {
  if (header === undefined) return undefined;
  if (Array.isArray(header)) return null;
  const key = header.replace(/^"(.*)"$/, '$1');
  return /^[\x21-\x7e]+$/.test(key) && key.length <= maxIdLength ? key : null;
}

function answerPreflight(response: ServerResponse, cors: Readonly<Record<string, string>>): void {
  response.writeHead(204, {
    ...cors,
    'Access-Control-Allow-Methods': 'POST',
    'Access-Control-Allow-Headers': 'Content-Type, Idempotency-Key',
    'Access-Control-Max-Age': preflightSeconds,
  });
  response.end();
}
