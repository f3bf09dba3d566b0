import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { errorCatalogue, type ErrorBody, type ErrorCode } from '../wire/errors.ts';
import { guardHeaders, tlsGuardHeaders } from '../wire/guard-headers.ts';

export interface RefusalOptions {
  /** Further lines of the header. */
  readonly headers?: readonly string[];
  /** After how many whole seconds it may be tried again, where that makes sense. */
  readonly retryAfterSeconds?: number;
}

const linesOf = (headers: object): readonly string[] =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
const guardLines = linesOf(guardHeaders);
const tlsGuardLines = linesOf(tlsGuardHeaders);

/** After how many seconds a listener that was refused for want of room may try again. */
const usualRetryAfterSeconds = 5;

/**
 * Answers on a socket that HTTP has let go of: an upgrade that is refused, or bytes that are not HTTP. The answer is whole
 * HTTP with a JSON error, and the socket is closed after it.
 */
export function refuse(
  socket: Duplex,
  code: ErrorCode,
  message?: string,
  { headers = [], retryAfterSeconds = usualRetryAfterSeconds }: RefusalOptions = {},
): void {
  const { status, meaning, retryable } = errorCatalogue[code];
  const body: ErrorBody = { error: { code, message: message ?? meaning } };
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
    ...(socket instanceof TLSSocket ? tlsGuardLines : guardLines),
    ...(retryable && (status === 503 || status === 429) ? [`Retry-After: ${retryAfterSeconds}`] : []),
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...headers,
  ];
  if (socket.writable) socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
  else socket.destroy();
}
