import { script } from './redis-scripts.ts';

/** The arguments before the units. */
const fixedArguments = 14;

/** The arguments before the messages of a unit, and those of each message. */
const unitArguments = 3;
const messageArguments = 4;

/**
 * What an entry costs Redis beside its texts, with its id and a mailbox of its own; what a further mailbox costs when it is made; and
 * a further reference. By `used_memory`, about.
 */
const entryBytes = 450;
const listBytes = 200;
const referenceBytes = 12;

/** The most that a call drops beside twice what it appends: entries, references from mailboxes, ack cursors. */
const droppedEntries = 256;
const droppedReferences = 4096;
const droppedCursors = 1000;

/** One in so many calls that drop entries looks for cursors that acknowledge nothing any more. */
const cursorChance = 16;

/** The outcomes that the script replies with, by their codes. */
export const repliedOutcomes = [undefined, 'duplicate', 'conflict', 'refused', 'expired'] as const;

/**
 * Appends a group of units, each whole or not at all, and publishes what is new once. Without units it makes the state, drops what
 * is too old and raises the head to the floor: a probe that needs a Redis that can be written to.
 *
 * KEYS: state, log, all, acks. ARGV: channel; what mailboxes, ids and units begin with; floor (the newest mid that the caller has
 * seen); the caller's clock in microseconds; the retention in messages, bytes, microseconds, messages of a mailbox and messages to
 * all; for how many milliseconds a caller's id, one of ours and a unit are remembered. Then the units: the name (empty: none) of each, 1
 * when it has ids of callers, the count of its messages, and these: id, fingerprint, the mid that it retracts (-1: it has expired, and comes without text),
 * and its text.
 * Returns first, head, since; then index (from 1), code and mid of each message that was not appended. The others are numbered
 * from `first` on.
 *
 * What is dropped from the log is dropped from the mailboxes in the same call, entry by entry: a reference costs about a
 * microsecond. A call that finds much to drop (bounds were lowered, nobody was there for long) drops at least twice as much as it
 * appends and leaves the rest to the next one; what is too old is at once below `cut`, under which nobody reads. A mailbox needs no expiry of its
 * own: with one, a jump of Redis' clock would empty mailboxes and nobody would know.
 *
 * An entry that is retracted leaves its references behind; they go with those of the entry that retracts it, which is in the
 * same mailboxes. Its id stays until it expires.
 *
 * Numbers become text by '%.0f': Lua's own conversion would write a mid as 1.7952e+15. A mid is below 2^53, so it is exact.
 */
export const appendScript = script(String.raw`
local state, log, all, acks = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local news, mailboxes, ids, units = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local floor, clock = tonumber(ARGV[5]), tonumber(ARGV[6])
local maxMessages, maxBytes, maxAge = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local maxMailbox, maxToAll = tonumber(ARGV[10]), tonumber(ARGV[11])
local callersIdMs, ourIdMs, unitMs = ARGV[12], ARGV[13], ARGV[14]
local entryBytes, listBytes, referenceBytes = ${entryBytes}, ${listBytes}, ${referenceBytes}
local call, match = redis.call, string.match

local function text(number) return string.format('%.0f', number) end

local time = call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

local known = call('HMGET', state, 'head', 'since', 'bytes', 'cut')
local head, since, bytes, cut = tonumber(known[1]), tonumber(known[2]), tonumber(known[3]), tonumber(known[4]) or 0
if not (head and since and bytes) then
  call('DEL', log, all, acks)
  head = math.max(floor, now)
  since, bytes = head, 0
elseif floor > head then
  head, since = floor, floor
elseif call('EXISTS', log) == 0 then
  since = head
end

local first = math.max(head + 1, now)
local mid, references = first, 0
local name = text(mid)
local lines, reply = {}, { first, 0, 0 }

local function answer(index, code, known)
  reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = index, code, known
end

-- Visits each mailbox that an entry with this text is in: its key and its bound.
local function forMailboxes(entry, visit)
  local single = match(entry, '^%["([^"\\]*)"%]\n')
  if single then return visit(mailboxes .. single, maxMailbox) end
  local uids = match(entry, '^[^\n]*')
  if uids == '0' then return visit(all, maxToAll) end
  for _, uid in ipairs(cjson.decode(uids)) do visit(mailboxes .. uid, maxMailbox) end
end

local function link(list, bound)
  local count = call('RPUSH', list, name)
  references = references + 1
  bytes = bytes + (count == 1 and listBytes or referenceBytes)
  if count > bound then
    local lost = call('LPOP', list, count - bound)
    call('LPUSH', list, text(-math.abs(tonumber(lost[#lost]))))
  end
end

local function append(entry)
  call('XADD', log, name, 'e', entry, 'b', bytes)
  bytes = bytes + entryBytes - listBytes + #entry
  forMailboxes(entry, link)
  lines[#lines + 1] = entry
  mid = mid + 1
  name = text(mid)
end

local function stateOf(id) return match(call('GET', ids .. id) or '', '^(%S+) (.*)$') end

-- The messages of a unit with callers' ids are looked at before any is appended.
local function knownIds(from, to)
  local states, fingerprints, conflicts, isRefused = {}, {}, {}, false
  for message = from, to, ${messageArguments} do
    local id, fingerprint = ARGV[message], ARGV[message + 1]
    if fingerprint ~= '' then
      if not fingerprints[id] then
        states[id], fingerprints[id] = stateOf(id)
        fingerprints[id] = fingerprints[id] or fingerprint
      end
      if fingerprints[id] ~= fingerprint then isRefused, conflicts[message] = true, true end
    end
  end
  return states, isRefused and conflicts
end

local function appendUnlessKnown(index, message, states)
  local id, fingerprint, retracts = ARGV[message], ARGV[message + 1], tonumber(ARGV[message + 2])
  local isOurs = fingerprint == ''
  local state = states[id]
  if isOurs then state = stateOf(id) end
  local known = tonumber(state)
  if state == 'x' or (known and known > 0) then
    answer(index, 1, known or 0)
  elseif retracts < 0 then
    answer(index, 4, 0)
  elseif retracts > 0 and (retracts <= cut or call('XDEL', log, text(retracts)) == 0) then
    answer(index, 1, 0)
  else
    states[id] = name
    call('SET', ids .. id, name .. ' ' .. fingerprint, 'PX', isOurs and ourIdMs or callersIdMs)
    append(ARGV[message + 3])
  end
end

local at, index, none = ${fixedArguments + 1}, 0, {}
while at <= #ARGV do
  local unit, callers, from = ARGV[at], ARGV[at + 1] == '1', at + ${unitArguments}
  at = from + ${messageArguments} * ARGV[at + 2]
  local isRepeat = unit ~= '' and call('EXISTS', units .. unit) == 1
  local states, conflicts = none, false
  if callers and not isRepeat then states, conflicts = knownIds(from, at - 1) end
  for message = from, at - 1, ${messageArguments} do
    local id = ARGV[message]
    index = index + 1
    if isRepeat then
      answer(index, 1, tonumber((stateOf(id))) or 0)
    elseif conflicts then
      answer(index, conflicts[message] and 2 or 3, 0)
    elseif ARGV[message + 1] == '' and ARGV[message + 2] == '0' and call('SET', ids .. id, name .. ' ', 'NX', 'PX', ourIdMs) then
      append(ARGV[message + 3])
    else
      appendUnlessKnown(index, message, states)
    end
  end
  if unit ~= '' and not isRepeat and not conflicts then call('SET', units .. unit, 1, 'PX', unitMs) end
end
local before = head
if mid > first then head = mid - 1 end

local last, dropped, unlinked = 0, 0, 0
local maxDropped, maxUnlinked = ${droppedEntries} + 2 * (mid - first), ${droppedReferences} + 2 * references
local ageCut = math.min(now, clock) - maxAge
local excess = call('XLEN', log) - maxMessages

local function midOf(entry) return tonumber(match(entry[1], '^%d+')) end

-- What stands before the reference was retracted, or is the mark of what the bound has taken: it goes too.
local function unlink(list)
  unlinked = unlinked + 1
  while true do
    local item = call('LPOP', list)
    local oldest = item and math.abs(tonumber(item))
    if not oldest or oldest == last then return end
    if oldest > last then return call('LPUSH', list, item) end
  end
end

local gone = {}
local function dropIds()
  if #gone > 0 then call('DEL', unpack(gone)) end
  gone = {}
end

-- False: it stays, and so does what is newer.
local function drop(entry)
  local mid, fields = midOf(entry), entry[2]
  if not (dropped < excess or mid < ageCut or bytes - (tonumber(fields[4]) or 0) > maxBytes) then return false end
  if dropped >= maxDropped or unlinked >= maxUnlinked then
    local aged = call('XREVRANGE', log, text(ageCut - 1), '-', 'COUNT', 1)[1]
    if aged then cut = math.max(cut, midOf(aged)) end
    return false
  end
  last, dropped = mid, dropped + 1
  if fields[1] == 'e' then
    forMailboxes(fields[2], unlink)
    local ours, fingerprint = match(fields[2], '^[^\n]*\n%["([^"\\]*)"[^\n]*"([^"]*)",%d+%]\n')
    if fingerprint == '' then gone[#gone + 1] = ids .. ours end
  end
  return true
end

local from, count, isMore = '-', math.max(1, math.min(excess + 1, 64)), true
while isMore do
  local page = call('XRANGE', log, from, '+', 'COUNT', count)
  isMore = #page == count
  for _, entry in ipairs(page) do
    if not drop(entry) then
      isMore = false
      break
    end
  end
  dropIds()
  from, count = text(last + 1), math.min(2 * count, 64)
end
if last > 0 then
  call('XTRIM', log, 'MINID', '=', text(last + 1))
  cut = math.max(cut, last)
  since = math.max(since, cut)
  if first % ${cursorChance} == 0 then
    -- They acknowledge nothing that is still kept.
    local idle = call('ZRANGEBYSCORE', acks, '-inf', text(since), 'LIMIT', 0, ${droppedCursors})
    if #idle > 0 then call('ZREM', acks, unpack(idle)) end
  end
end

call('HSET', state, 'head', text(head), 'since', text(since), 'bytes', text(bytes), 'cut', text(cut))
if mid > first then
  call('PUBLISH', news, text(before) .. ' ' .. text(first) .. ' ' .. text(mid - first) .. '\n' .. table.concat(lines, '\n'))
end
reply[2], reply[3] = head, since
return reply
`);
