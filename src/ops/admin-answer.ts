import type { Context } from 'koa';
import { errorCatalogue, type ErrorBody, type ErrorCode, type ErrorDetail } from '../wire/errors.ts';

/** After how many seconds an admin request that the store did not answer may be tried again. */
const retryAfterSeconds = '1';

export interface AdminError {
  readonly code: ErrorCode;
  /** A sentence for the person who reads it; absent: the catalogue's meaning. */
  readonly message?: string | undefined;
  readonly details?: readonly ErrorDetail[] | undefined;
}

/** Answers with an error of the catalogue, as JSON; what is retryable says when. */
export function answerError(context: Context, { code, message, details }: AdminError): void {
  const { status, meaning, retryable } = errorCatalogue[code];
  const body: ErrorBody = {
    error: { code, message: message ?? meaning, ...(details === undefined ? {} : { details }) },
  };
  context.status = status;
  if (status === 401) context.set('WWW-Authenticate', 'Bearer');
  if (retryable && status === 503) context.set('Retry-After', retryAfterSeconds);
  context.body = body;
}
