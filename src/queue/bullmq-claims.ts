import type { Unit } from '../journal/group.ts';
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

/**
 * What a claim says of a message: it needs a job; it was handed on or cancelled; its id belongs to another message; another one of its
 * unit is a conflict.
 */
export type Claim = 'open' | 'done' | 'conflict' | 'refused';

/** What a cancel found. */
export type Cancelled = 'handed on' | 'now' | 'before' | 'unknown';

const claims: readonly Claim[] = ['open', 'done', 'conflict', 'refused'];
const answers: readonly Cancelled[] = ['handed on', 'now', 'before', 'unknown'];

/**
 * KEYS: those of the ids, in the form `<mid> <fingerprint>` that the append script keeps. ARGV: unit, milliseconds and fingerprint of
 * each; a unit is claimed whole or not at all.
 * Returns what each is: 0 free or claimed before (mid 0), 1 appended or cancelled (`x`), 2 another message's, 3 refused with its unit.
 */
const claimScript = script(`
local reply, from = {}, 1
while from <= #KEYS do
  local unit, to, conflict, fresh = ARGV[3 * from - 2], from, false, {}
  while KEYS[to] and ARGV[3 * to - 2] == unit do
    local key, fingerprint = KEYS[to], ARGV[3 * to]
    local mid, known
    if fresh[key] then mid, known = '0', ARGV[3 * fresh[key]]
    else mid, known = string.match(redis.call('GET', key) or '', '^(%S+) (.*)$') end
    if not mid then
      reply[to] = 0
      fresh[key] = to
    elseif known ~= fingerprint then
      reply[to] = 2
      conflict = true
    else
      reply[to] = mid == '0' and 0 or 1
    end
    to = to + 1
  end
  if conflict then
    for at = from, to - 1 do
      if reply[at] ~= 2 then reply[at] = 3 end
    end
  else
    for key, at in pairs(fresh) do redis.call('SET', key, '0 ' .. ARGV[3 * at], 'PX', ARGV[3 * at - 1]) end
  end
  from = to
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
    /** One answer for each message of the units, in one round trip; none of it needs to be asked when `needsClaim` says no of all. */
    async claim(units: readonly Unit[], nowMs: number): Promise<readonly Claim[]> {
      const keys: string[] = [];
      const args: (string | number)[] = [];
      units.forEach(({ messages }, unit) => {
        for (const { id, fingerprint, deliverAtMs } of messages.filter((message) => needsClaim(message, nowMs))) {
          keys.push(idKey(prefix, id));
          const keptMs = fingerprint === '' ? ownIdMs : idMs;
          args.push(unit, keptMs + Math.max(0, Math.ceil(deliverAtMs - nowMs)), fingerprint);
        }
      });
      const reply = await connection.run((redis) => runScript(redis, claimScript, keys, args));
      let at = 0;
      return units.flatMap(({ messages }) => {
        const answers = messages.map((message) => (needsClaim(message, nowMs) ? claims[reply[at++] ?? 0] : undefined));
        const others = answers.includes('conflict') ? 'refused' : 'open';
        return answers.map((answer) => answer ?? others);
      });
    },

    /** An id without a claim is marked when its message is known to wait in a job. Rejects with a RedisError. */
    async cancel(id: string, waits: boolean): Promise<Cancelled> {
      const args = [waits ? ownIdMs : 0];
      const [code = 0] = await connection.run((redis) => runScript(redis, cancelScript, [idKey(prefix, id)], args));
      return answers[code] ?? 'unknown';
    },
  };
}

/** A caller's id, or one that somebody may want to cancel later. */
export function needsClaim({ fingerprint, deliverAtMs }: Message, nowMs: number): boolean {
  return fingerprint !== '' || deliverAtMs > nowMs;
}

export type Claims = ReturnType<typeof createClaims>;
