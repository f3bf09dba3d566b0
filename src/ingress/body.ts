import type { IncomingMessage } from 'node:http';

export type Body = Buffer | 'too_large' | 'aborted';

/**
 * Reads a request's body, at most `maxBytes` of it. `too_large` comes as soon as it is known, from Content-Length or while
 * reading; nothing more is read then, and the caller must close the connection. `aborted`: the client went away. Never rejects.
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too_large');
  return new Promise((resolve) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        request.removeAllListeners('data');
        resolve('too_large');
      } else if (first === undefined) {
        first = chunk;
      } else {
        (rest ??= [first]).push(chunk);
      }
    });
    request.on('end', () => resolve(rest === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(rest, bytes)));
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}
