import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body, at most `maxBytes` of it, and calls `done` once: with the body, or with undefined as soon as it is
 * known to be larger, from Content-Length or while reading. Nothing more is kept then; what still comes is the caller's.
 * When the client goes away first, `done` is never called: there is nobody to answer. A callback and not a promise: every
 * post pays for it.
 */
export function readBody(request: IncomingMessage, maxBytes: number, done: (body: Buffer | undefined) => void): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return done(undefined);
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      request.off('data', onData).off('end', onEnd).pause();
      done(undefined);
    } else if (first === undefined) {
      first = chunk;
    } else {
      (rest ??= [first]).push(chunk);
    }
  };
  const onEnd = (): void => done(rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, bytes));
  request.on('data', onData).on('end', onEnd);
}
