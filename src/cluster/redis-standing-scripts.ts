import { script } from '../journal/redis-scripts.ts';

/** The names in Redis of what is known of uids. Each begins with the deployment's prefix, so that braces in it put all into one slot. */
export interface StandingKeys {
  /** Hash: of each uid that something is said of, `<blocked until> <revoked before>`, in Unix ms. */
  readonly users: string;
  /** Sorted set: the uids of which no more is said than a block, by when it ends (Unix ms). */
  readonly ends: string;
  /** Sorted set: the newest changes, `<number> <kind> <blocked until> <revoked before> <uid>`, by their numbers. */
  readonly log: string;
  /**
   * Hash: `last`, the newest change's number; `cut`, that of the newest one that is not in the log any more; `id`, by which it is known
   * to be still the same.
   */
  readonly state: string;
  /** Sorted set: the names under which instances have seats, by when they are over unless renewed (Unix ms). */
  readonly instances: string;
  /** What the seats of each uid begin with: a sorted set of `<name>:<seat>` by when it was taken (Unix ms). */
  readonly seats: string;
  /** What the list of each name begins with: its seats that were given away, until it asks. */
  readonly replaced: string;
}

export function standingKeys(prefix: string): StandingKeys {
  const users = `${prefix}:users`;
  return {
    users,
    ends: `${users}:ends`,
    log: `${users}:log`,
    state: `${users}:state`,
    instances: `${prefix}:instances`,
    seats: `${prefix}:seats:`,
    replaced: `${prefix}:replaced:`,
  };
}

/** How long a name holds its seats without being renewed. */
export const leaseMs = 15_000;

/** How long a uid's seats are kept without being refreshed: those that nobody counts any more go by themselves. */
export const seatsMs = 3_600_000;

/** The most changes that are kept, and for how long: who asks later is told everything. */
const maxChanges = 10_000;
const changeMs = 3_600_000;

/** How many blocks that are over are forgotten with each action. */
const sweptAtOnce = 100;

const prelude = String.raw`
local call, match = redis.call, string.match
local time = call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = math.floor(micros / 1000)
local function text(number) return string.format('%.0f', number) end
local function standingOf(users, uid)
  local blocked, revoked = match(call('HGET', users, uid) or '', '^(%d+) (%d+)$')
  return tonumber(blocked) or 0, tonumber(revoked) or 0
end
local function setStanding(users, ends, uid, blocked, revoked)
  call('HSET', users, uid, text(blocked) .. ' ' .. text(revoked))
  if revoked == 0 then call('ZADD', ends, text(blocked), uid) else call('ZREM', ends, uid) end
end
`;

/**
 * Does something to a uid. KEYS: users, ends, log, state. ARGV: uid, kind, instant (Unix ms; 0 where the kind needs none), how many uids
 * may be shut out.
 * Returns the change's number, and the standing from then on; nothing when the uid would be one more than may be. A number is the clock in
 * microseconds, or one more than the last.
 */
export const actScript = script(`${prelude}
local users, ends, log, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local uid, kind, instant, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local swept = call('ZRANGEBYSCORE', ends, '-inf', text(now), 'LIMIT', 0, ${sweptAtOnce})
if #swept > 0 then
  call('HDEL', users, unpack(swept))
  call('ZREM', ends, unpack(swept))
end
local blocked, revoked = standingOf(users, uid)
local wasIn = blocked <= now and revoked == 0
if kind == 'block' then blocked = instant elseif kind == 'unblock' then blocked = 0
elseif kind == 'revoke' then revoked = math.max(revoked, instant) elseif kind == 'unrevoke' then revoked = 0 end
if blocked <= now and revoked == 0 then
  call('HDEL', users, uid)
  call('ZREM', ends, uid)
else
  if wasIn and call('HLEN', users) >= most then return {} end
  setStanding(users, ends, uid, blocked, revoked)
end
local known = call('HMGET', state, 'last', 'cut')
local number = math.max((tonumber(known[1]) or 0) + 1, micros)
call('ZADD', log, text(number), table.concat({ text(number), kind, text(blocked), text(revoked), uid }, ' '))
local over = math.max(call('ZCARD', log) - ${maxChanges}, call('ZCOUNT', log, '-inf', text(micros - ${changeMs * 1000})))
if over > 0 then
  call('HSET', state, 'cut', call('ZRANGE', log, over - 1, over - 1, 'WITHSCORES')[2])
  call('ZREMRANGEBYRANK', log, 0, over - 1)
end
call('HSET', state, 'last', text(number))
return { text(number), text(blocked), text(revoked) }
`);

/**
 * Judges somebody and seats him. KEYS: users, instances, the uid's seats. ARGV: uid, name, seat, when it is taken (Unix ms), when what
 * he came with was issued (empty: nothing), the limit, 1 when the oldest gives its seat away, what the lists of seats that were given
 * away begin with.
 * Returns `in` and the seats that were given away; `blocked` or `revoked`, and the standing; `full`. The seats of names that are over
 * are nobody's, which is looked at only when the uid has too many.
 */
export const enterScript = script(`${prelude}
local users, instances, seats = KEYS[1], KEYS[2], KEYS[3]
local uid, name, seat, at, issued = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local limit, replaces, lists = tonumber(ARGV[6]), ARGV[7] == '1', ARGV[8]
local blocked, revoked = standingOf(users, uid)
if blocked > now then return { 'blocked', text(blocked), text(revoked) } end
if issued and issued < revoked then return { 'revoked', text(blocked), text(revoked) } end
local function nameOf(member) return match(member, '^(.-):') end
local count = call('ZCARD', seats)
local reply = { 'in' }
if count >= limit then
  local isOver = {}
  for _, member in ipairs(call('ZRANGE', seats, 0, -1)) do
    local holder = nameOf(member)
    if isOver[holder] == nil then isOver[holder] = (tonumber(call('ZSCORE', instances, holder)) or 0) <= now end
    if isOver[holder] then call('ZREM', seats, member) count = count - 1 end
  end
  if count >= limit then
    if not replaces or limit == 0 then return { 'full' } end
    for _, member in ipairs(call('ZRANGE', seats, 0, count - limit)) do
      local list = lists .. nameOf(member)
      call('ZREM', seats, member)
      call('RPUSH', list, member)
      call('PEXPIRE', list, ${seatsMs})
      reply[#reply + 1] = member
    end
  end
end
call('ZADD', seats, at, name .. ':' .. seat)
call('PEXPIRE', seats, ${seatsMs})
return reply
`);

/**
 * Renews a name, and says what is new. KEYS: log, state, instances, the name's list of seats that were given away. ARGV: name; a name
 * that is given up for it, or empty; the number after which changes are asked for; how many at most; an id for a state that has none.
 * Returns 1 when the name had not run out; the newest change's number; 1 when changes are missing; the seats that were given
 * away; the changes; the state's id.
 */
export const newsScript = script(`${prelude}
local log, state, instances, list = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local name, before, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if before ~= '' then call('ZREM', instances, before) end
local isAlive = (tonumber(call('ZSCORE', instances, name)) or 0) > now
call('ZREMRANGEBYSCORE', instances, '-inf', text(now - ${seatsMs}))
call('ZADD', instances, text(now + ${leaseMs}), name)
local replaced = call('LRANGE', list, 0, -1)
call('DEL', list)
call('HSETNX', state, 'id', ARGV[5])
local known = call('HMGET', state, 'last', 'cut', 'id')
local last, cut = tonumber(known[1]) or 0, tonumber(known[2]) or 0
local isMissing = after > last or after < cut or after < 0
local changes = {}
if not isMissing then changes = call('ZRANGEBYSCORE', log, '(' .. text(after), '+inf', 'LIMIT', 0, most) end
return { isAlive and 1 or 0, text(last), isMissing and 1 or 0, replaced, changes, known[3] }
`);

/**
 * Takes seats that are open, again or after all. KEYS: instances. ARGV: name, what seats begin with, then uid, seat and when it was
 * taken of each. Returns 1 when the name had not run out.
 */
export const seatScript = script(`${prelude}
local isAlive = (tonumber(call('ZSCORE', KEYS[1], ARGV[1])) or 0) > now
for at = 3, #ARGV, 3 do
  local seats = ARGV[2] .. ARGV[at]
  call('ZADD', seats, ARGV[at + 2], ARGV[1] .. ':' .. ARGV[at + 1])
  call('PEXPIRE', seats, ${seatsMs})
end
return { isAlive and 1 or 0 }
`);

/** Frees seats. KEYS: instances, for its slot. ARGV: what seats begin with, then uid and `<name>:<seat>` of each. */
export const freeScript = script(`
for at = 2, #ARGV, 2 do redis.call('ZREM', ARGV[1] .. ARGV[at], ARGV[at + 1]) end
return {}
`);

/**
 * Brings back what the truth has lost: an instance knew more than is there. What is there is not changed. KEYS: users, ends, state. ARGV:
 * the number up to which the instance knew all, then uid, blocked until and revoked before of each. From then on who knows less is told
 * everything.
 */
export const restoreScript = script(`${prelude}
local users, ends, state = KEYS[1], KEYS[2], KEYS[3]
local known = call('HMGET', state, 'last', 'cut')
local through = tonumber(ARGV[1])
for at = 2, #ARGV, 3 do
  local uid, blocked, revoked = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if call('HEXISTS', users, uid) == 0 then setStanding(users, ends, uid, blocked, revoked) end
end
local last, cut = math.max(tonumber(known[1]) or 0, through), math.max(tonumber(known[2]) or 0, through)
call('HSET', state, 'last', text(last), 'cut', text(cut))
return { text(last) }
`);
