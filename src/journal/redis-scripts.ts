import { createHash } from 'node:crypto';

/** A Lua script and the name under which Redis keeps it. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** The names of a deployment in Redis. */
export interface JournalKeys {
  /** Hash: `head`, `since` and `bytes`, the bytes ever appended. */
  readonly state: string;
  /** Stream: the entries, `<mid>-0`, with the fields m (meta), p (push) and b (the bytes appended before this entry). */
  readonly log: string;
  /** Sorted set: the ids of the entries that are kept, by mid. */
  readonly ids: string;
  /** Channel: announcements. */
  readonly news: string;
}

export function journalKeys(prefix: string): JournalKeys {
  return { state: `${prefix}:state`, log: `${prefix}:log`, ids: `${prefix}:ids`, news: `${prefix}:news` };
}

/** The arguments before the messages. */
export const fixedArguments = 6;

/**
 * Appends a group of messages as one unit and publishes it once. Without messages it makes the state, drops what is too old
 * and raises the head to the floor: a probe that needs a Redis that can be written to.
 *
 * KEYS: state, log, ids. ARGV: channel, floor (the newest mid that the caller has seen), the retention in messages, bytes and
 * microseconds, the overhead of an entry in bytes; then id, meta and push of each message.
 * Returns first, head, since; then index (from 1) and mid of each duplicate. The others are numbered from `first` on.
 *
 * Numbers become text by '%.0f': Lua's own conversion would write a mid as 1.7952e+15. A mid is below 2^53, so it is exact.
 */
export const appendScript = script(`
local state, log, ids = KEYS[1], KEYS[2], KEYS[3]
local news, floor = ARGV[1], tonumber(ARGV[2])
local maxMessages, maxBytes, maxAge = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local overhead = tonumber(ARGV[6])

local function text(number) return string.format('%.0f', number) end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local known = redis.call('HMGET', state, 'head', 'since', 'bytes')
local head, since, bytes = tonumber(known[1]), tonumber(known[2]), tonumber(known[3])
if not (head and since and bytes) then
  redis.call('DEL', log, ids)
  head = math.max(floor, now)
  since, bytes = head, 0
elseif floor > head then
  head, since = floor, floor
end

local first = math.max(head + 1, now)
local mid = first
local lines, reply = {}, { first, 0, 0 }
for at = ${fixedArguments + 1}, #ARGV, 3 do
  local id, meta, push = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local name = text(mid)
  if redis.call('ZADD', ids, 'NX', name, id) == 1 then
    redis.call('XADD', log, name .. '-0', 'm', meta, 'p', push, 'b', text(bytes))
    bytes = bytes + #meta + #push + overhead
    lines[#lines + 1] = meta
    lines[#lines + 1] = push
    mid = mid + 1
  else
    reply[#reply + 1] = (at - ${fixedArguments + 1}) / 3 + 1
    reply[#reply + 1] = tonumber(redis.call('ZSCORE', ids, id))
  end
end
local before = head
if mid > first then head = mid - 1 end

local cut = 0
local function oldest(from, count) return redis.call('XRANGE', log, from, '+', 'COUNT', count) end
local function midOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function bytesBefore(entry) return tonumber(entry[2][6]) or 0 end

local front = oldest('-', 1)[1]
if front then
  local excess = redis.call('XLEN', log) - maxMessages
  if excess > 0 then
    cut = tonumber(redis.call('ZRANGE', ids, excess - 1, excess - 1, 'WITHSCORES')[2]) or midOf(front)
  end
  if midOf(front) < now - maxAge then
    local aged = redis.call('ZREVRANGEBYSCORE', ids, '(' .. text(now - maxAge), '-inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
    cut = math.max(cut, tonumber(aged) or midOf(front))
  end
  local page = bytes - bytesBefore(front) > maxBytes and { front } or {}
  while #page > 0 do
    for _, entry in ipairs(page) do
      if bytes - bytesBefore(entry) <= maxBytes then
        page = {}
        break
      end
      cut = math.max(cut, midOf(entry))
    end
    if #page > 0 then page = oldest(text(midOf(page[#page]) + 1), 16) end
  end
  if cut > 0 then
    redis.call('XTRIM', log, 'MINID', '=', text(cut + 1))
    redis.call('ZREMRANGEBYSCORE', ids, '-inf', text(cut))
    since = math.max(since, cut)
  end
else
  since = head
end

redis.call('HSET', state, 'head', text(head), 'since', text(since), 'bytes', text(bytes))
if mid > first then
  redis.call('PUBLISH', news, text(before) .. ' ' .. text(first) .. ' ' .. text(mid - first) .. '\\n' .. table.concat(lines, '\\n'))
end
reply[2], reply[3] = head, since
return reply
`);

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
