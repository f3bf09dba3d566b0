/**
 * Every error that Tidings answers with, over HTTP and before an upgrade. A code is never reused or renamed: clients branch
 * on it. `retryable` means that the same request may succeed later without being changed.
 */
export const errorCatalogue = {
  invalid_json: { status: 400, retryable: false, meaning: 'The body is not JSON, or not valid UTF-8.' },
  invalid_envelope: {
    status: 400,
    retryable: false,
    meaning: 'The body is JSON but not an envelope; `details` names each member that is wrong.',
  },
  invalid_request: { status: 400, retryable: false, meaning: 'The request itself cannot be read as HTTP.' },
  invalid_listen: {
    status: 400,
    retryable: false,
    meaning:
      'The query of a listener is wrong: no uid, `d` is not JSON, `mid` is not a number, or two different tokens.',
  },
  invalid_query: {
    status: 400,
    retryable: false,
    meaning: 'The query of an admin request, or the body in its place, is wrong; `details` names each member.',
  },
  unauthenticated: {
    status: 401,
    retryable: false,
    meaning: 'This door asks who you are, and what was presented is missing, unknown or expired.',
  },
  forbidden: {
    status: 403,
    retryable: false,
    meaning: 'Who asks is known, and may not do this; `message` names the rule.',
  },
  origin_refused: {
    status: 403,
    retryable: false,
    meaning:
      'A browser page of another origin sent this, or it came by a name that is not known to be ours; allow it with --origins.',
  },
  token_revoked: {
    status: 401,
    retryable: false,
    meaning:
      'What the listener came with was issued before an instant that an operator has revoked; it needs a new one.',
  },
  uid_blocked: { status: 403, retryable: false, meaning: 'An operator has blocked this uid, for a time or for good.' },
  not_found: { status: 404, retryable: false, meaning: 'There is nothing at this path.' },
  unknown_message: {
    status: 404,
    retryable: false,
    meaning:
      'No message of this id is known: it was never accepted, it is older than what is kept, or it was dropped before it got a number and the instance that knew has restarted.',
  },
  unknown_job: { status: 404, retryable: false, meaning: 'No failed job of this number is kept.' },
  method_not_allowed: { status: 405, retryable: false, meaning: 'This path takes another method; see `Allow`.' },
  request_timeout: { status: 408, retryable: true, meaning: 'The request did not arrive whole in time.' },
  no_backlog: {
    status: 409,
    retryable: false,
    meaning: 'Only the queue bullmq holds messages back and keeps those that failed; this deployment has another.',
  },
  nothing_to_revoke: {
    status: 409,
    retryable: false,
    meaning: 'Listeners are not asked for anything that could be revoked: they have the uid that they name.',
  },
  too_many_shut_out: {
    status: 409,
    retryable: false,
    meaning:
      'As many uids as --max-shut-out allows are blocked, or have something revoked, and this one is none of them. Nothing was done: lift some, or raise the limit.',
  },
  no_tickets: { status: 409, retryable: false, meaning: 'Tickets are not taken here; start with --tickets.' },
  message_gone: {
    status: 410,
    retryable: false,
    meaning: 'There is nothing to take back: the message has expired, is no longer kept, or was dropped.',
  },
  body_too_large: { status: 413, retryable: false, meaning: 'The body is larger than --max-body.' },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    meaning: 'The body is neither application/json nor application/x-ndjson, or it is encoded.',
  },
  id_conflict: {
    status: 422,
    retryable: false,
    meaning: 'This id was used before for another message; `details` names the items. Nothing was accepted.',
  },
  cannot_schedule: {
    status: 422,
    retryable: false,
    meaning: 'Only the queue bullmq can hold a message back: `deliver_at` and `delay` need it.',
  },
  upgrade_required: { status: 426, retryable: false, meaning: 'This path speaks WebSocket only.' },
  headers_too_large: { status: 431, retryable: false, meaning: 'The request line and headers are too large.' },
  rate_exceeded: {
    status: 429,
    retryable: true,
    meaning: 'More came in a second than a limit allows; the message names the limit. Come back after `Retry-After`.',
  },
  internal: { status: 500, retryable: true, meaning: 'A fault of the server; its log has the reason.' },
  queue_unavailable: {
    status: 503,
    retryable: true,
    meaning: 'The queue did not accept the message within its deadline; it may still be delivered.',
  },
  store_unavailable: {
    status: 503,
    retryable: true,
    meaning:
      'The store did not answer an admin request, or what a listener needs, within its deadline. What an admin asked for may have been done.',
  },
  auth_unavailable: {
    status: 503,
    retryable: true,
    meaning: 'What tells whether a token is right cannot be asked just now; nothing is said about the token.',
  },
  being_handed_on: {
    status: 503,
    retryable: true,
    meaning: 'The message is on its way from the queue to the journal just now.',
  },
  queue_full: { status: 503, retryable: true, meaning: 'More is accepted than can be handed on; slow down.' },
  too_many_connections: { status: 503, retryable: true, meaning: 'The instance holds --max-connections connections.' },
  uid_connections_exceeded: {
    status: 429,
    retryable: true,
    meaning: 'This uid has as many connections as --max-connections-per-uid, or its token, allows.',
  },
  address_connections_exceeded: {
    status: 429,
    retryable: true,
    meaning: 'This address holds --max-connections-per-address connections.',
  },
  busy: {
    status: 503,
    retryable: true,
    meaning:
      'More listeners come than the instance takes at once; come back after `Retry-After` and a random part of a second.',
  },
  stopping: { status: 503, retryable: true, meaning: 'The instance is stopping; another will answer.' },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong: `path` is a JSON path such as `topic_ids[3]`, `index` the item of a batch (from 0). */
export interface ErrorDetail {
  readonly index?: number;
  readonly path: string;
  readonly message: string;
}

/** The body of every error answer: `{"error":{"code","message","details"}}`. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: readonly ErrorDetail[] };
}
