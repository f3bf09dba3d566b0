import type { RedisConnection } from '../journal/redis-connection.ts';
import { runScript } from '../journal/redis-run-script.ts';
import { idKey, script } from '../journal/redis-scripts.ts';
import type { Message } from '../message/message.ts';

export interface ClaimOptions {
  /** First part of every key. */
  readonly prefix: string;
  /** How long a caller's id is remembered from now on, or from the time that its message is scheduled for; and one of ours. */
  readonly idMs: number;
  readonly ownIdMs: number;
}

/** What a claim says of an id: it needs a job; it was handed on or cancelled; it belongs to another message. */
export type Claim = 'open' | 'done' | 'conflict';

/** What a cancel found. */
export type Cancelled = 'handed on' | 'now' | 'before' | 'unknown';

const claims: readonly Claim[] = ['open', 'done', 'conflict'];
const answers: readonly Cancelled[] = ['handed on', 'now', 'before', 'unknown'];

/**
 * KEYS: those of the ids, in the form `<mid> <fingerprint>` that the append script keeps. ARGV: milliseconds and fingerprint of each.
 * Returns what each is: 0 free or claimed before (mid 0), 1 appended or cancelled (`x`), 2 another message's. With a 2 among them
 * nothing is claimed. The claims of one call see one another.
 */
const claimScript = script(`
local reply, own, fresh = {}, {}, {}
local conflict = false
for at, key in ipairs(KEYS) do
  local fingerprint = ARGV[2 * at]
  local mid, known = string.match(redis.call('GET', key) or own[key] or '', '^(%S+) (.*)$')
  if not mid then
    reply[at] = 0
    own[key] = '0 ' .. fingerprint
    fresh[#fresh + 1] = at
  elseif known ~= fingerprint then
    reply[at] = 2
    conflict = true
  else
    reply[at] = mid == '0' and 0 or 1
  end
end
if not conflict then
  for _, at in ipairs(fresh) do redis.call('SET', KEYS[at], own[KEYS[at]], 'PX', ARGV[2 * at - 1]) end
end
return reply
`);

/**
 * KEYS: that of an id. ARGV: how long the mark of an id without a claim is kept, in milliseconds; 0: such an id is not marked.
 * Marks it as cancelled when it was not handed on: the append script drops what is marked so.
 * Returns 0 handed on, 1 marked, 2 marked before, 3 not known.
 */
const cancelScript = script(`
local known = redis.call('GET', KEYS[1])
if not known then
  if ARGV[1] == '0' then return { 3 } end
  redis.call('SET', KEYS[1], 'x ', 'PX', ARGV[1])
  return { 1 }
end
local mid, fingerprint = string.match(known, '^(%S+) (.*)$')
if mid == 'x' then return { 2 } end
if mid ~= '0' then return { 0 } end
redis.call('SET', KEYS[1], 'x ' .. fingerprint, 'KEEPTTL')
return { 1 }
`);

/**
 * Ids of messages that are accepted and not appended yet, in the keys that the journal keeps ids in. So a caller's id is compared
 * before the answer, and is known although its job is gone. A claim is no proof of acceptance: its job may not have been added.
 * An id of ours is claimed when its message is scheduled, and else not: it is unique, and a claim of it would cost a fifth of what a post
 * costs.
 */
export function createClaims(connection: RedisConnection, { prefix, idMs, ownIdMs }: ClaimOptions) {
  return {
    /** O(messages), one round trip. Rejects with a RedisError. */
    async claim(messages: readonly Message[], nowMs: number): Promise<readonly Claim[]> {
      const keys: string[] = [];
      const args: (string | number)[] = [];
      for (const { id, fingerprint, deliverAtMs } of messages) {
        keys.push(idKey(prefix, id));
        args.push((fingerprint === '' ? ownIdMs : idMs) + Math.max(0, deliverAtMs - Math.floor(nowMs)), fingerprint);
      }
      const reply = await connection.run((redis) => runScript(redis, claimScript, keys, args));
      return reply.map((code) => claims[code] ?? 'open');
    },

    /** An id without a claim is marked when its message is known to wait in a job. Rejects with a RedisError. */
    async cancel(id: string, waits: boolean): Promise<Cancelled> {
      const args = [waits ? ownIdMs : 0];
      const [code = 0] = await connection.run((redis) => runScript(redis, cancelScript, [idKey(prefix, id)], args));
      return answers[code] ?? 'unknown';
    },
  };
}

export type Claims = ReturnType<typeof createClaims>;
