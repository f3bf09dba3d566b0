import { createHash } from 'node:crypto';
import type { SendKey } from '../config/send-keys.ts';
import type { ErrorDetail } from '../wire/errors.ts';
import { idPrefixLength } from '../wire/limits.ts';
import type { Refused } from './listener-auth.ts';

/** What a scope is asked of a message. */
export interface Posted {
  /** Null: all. */
  readonly uids: readonly string[] | null;
  readonly type: string;
}

export interface OutOfScope extends Refused {
  readonly details: readonly ErrorDetail[];
}

/** A refusal names at most so many messages. */
const maxDetails = 100;

/**
 * Whether a key may post all of these; a batch is posted whole or not at all. Undefined: it may. `isBatch`: the details say which
 * item it is. O(uids x beginnings).
 */
export function outOfScope(key: SendKey, posted: readonly Posted[], isBatch: boolean): OutOfScope | undefined {
  if (key.all && key.uids === null && key.types === null) return undefined;
  const details: ErrorDetail[] = [];
  for (const [index, message] of posted.entries()) {
    const broken = brokenRule(key, message);
    if (broken !== undefined) details.push(isBatch ? { index, ...broken } : broken);
    if (details.length === maxDetails) break;
  }
  const [first] = details;
  if (first === undefined) return undefined;
  const item = first.index === undefined ? '' : `item ${first.index}: `;
  const message = `The key ${key.name} may not post this: ${item}${first.path} ${first.message}.`;
  return { ok: false, code: 'forbidden', message, details };
}

function brokenRule({ all, uids, types }: SendKey, message: Posted): ErrorDetail | undefined {
  if (message.uids === null) {
    if (!all) return { path: 'topic', message: 'is all, which its rule all forbids' };
  } else if (uids !== null) {
    const foreign = message.uids.find((uid) => !uids.some((beginning) => uid.startsWith(beginning)));
    if (foreign !== undefined) {
      return { path: 'topic_ids', message: `has ${JSON.stringify(foreign)}, which its rule uids does not name` };
    }
  }
  if (types === null || types.includes(message.type)) return undefined;
  return { path: 'types', message: `is ${JSON.stringify(message.type)}, which its rule types does not name` };
}

/**
 * What the ids begin with that a key chooses. Whoever may not post everything has ids of its own: else it could learn which ids
 * another has used, or use them up first. It follows from the scope, so the key that takes another's place has the same ids.
 */
export function idPrefixOf({ all, uids, types }: SendKey): string {
  if (all && uids === null && types === null) return '';
  const scope = JSON.stringify([all, uids && [...new Set(uids)].sort(), types && [...new Set(types)].sort()]);
  return `${createHash('sha256')
    .update(scope)
    .digest('base64url')
    .slice(0, idPrefixLength - 1)}.`;
}
