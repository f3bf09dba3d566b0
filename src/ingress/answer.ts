import type { ServerResponse } from 'node:http';
import { errorCatalogue, type ErrorBody, type ErrorCode, type ErrorDetail } from '../wire/errors.ts';

/** After how many seconds a backend may try again when the queue could not accept. */
const retryAfterSeconds = 1;

export interface ErrorAnswer {
  readonly code: ErrorCode;
  /** A sentence for the developer who reads it; absent: the catalogue's meaning. */
  readonly message?: string | undefined;
  readonly details?: readonly ErrorDetail[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Writes a whole JSON answer in one piece: header and body leave in one packet. */
export function answerJson(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, jsonHeaders(text, headers));
  response.end(text);
}

function jsonHeaders(text: string, headers?: Readonly<Record<string, string>>) {
  return {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  };
}

/**
 * Answers with an error of the catalogue; what is retryable says when. The answer is written at once. When the client is still
 * sending, the rest is read and dropped, for as long as a request may take, before the connection may be closed: closed on
 * bytes that nobody has read, it would be reset, and the answer lost.
 */
export function answerError(response: ServerResponse, { code, message, details, headers }: ErrorAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const { status, meaning, retryable } = errorCatalogue[code];
  const body: ErrorBody = {
    error: { code, message: message ?? meaning, ...(details === undefined ? {} : { details }) },
  };
  const retry = retryable && status === 503 ? { 'Retry-After': String(retryAfterSeconds) } : {};
  const text = JSON.stringify(body);
  const { req } = response;
  // Who waits for 100 Continue may never send the rest.
  if (req.complete || req.headers.expect !== undefined) {
    return answerJson(response, status, text, { ...retry, ...headers });
  }
  response.writeHead(status, jsonHeaders(text, { ...retry, ...headers }));
  response.write(text);
  req.once('end', () => response.end()).resume();
}
