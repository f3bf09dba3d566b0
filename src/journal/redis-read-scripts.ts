import { script } from './redis-scripts.ts';

/** How many references are read at once. */
const chunkReferences = 128;

/**
 * One page of a mailbox: the references of the uid and those to all, each from the first one above the cursor on and merged, and the
 * entries that still stand behind them. Where the references above the cursor begin is looked for from the end, in steps that double,
 * and then by halving: most have missed little.
 *
 * KEYS: state, log, all, the list of the uid. ARGV: after, the most entries, the most bytes of push texts, about.
 * Returns nothing when Redis has lost the state of the journal, until a probe has made it anew; else through, gap, isLast and one
 * text with three lines for each entry: its mid, negative when it is to all, meta and push.
 * O(log missed + entries).
 */
export const mailboxScript = script(String.raw`
local state, log = KEYS[1], KEYS[2]
local after, maxEntries, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local chunkReferences = ${chunkReferences}
local call, find, sub = redis.call, string.find, string.sub

local known = call('HMGET', state, 'head', 'since', 'cut')
if not known[1] then return {} end
local head, since, cut = tonumber(known[1]), tonumber(known[2]) or 0, tonumber(known[3]) or 0
local oldest = math.max(after, cut)
local isGap = after < since

-- A reader of the references above the cursor, the oldest first: they rise, after a first one that may be a mark.
local function open(list)
  local length = call('LLEN', list)
  local from, to = 0, length
  local mark = tonumber(call('LINDEX', list, 0) or 0)
  if mark < 0 then
    if -mark > after then isGap = true end
    from = 1
  end
  local step, isNear = 1, true
  while from < to do
    local probe = isNear and math.max(from, to - step) or math.floor((from + to) / 2)
    if tonumber(call('LINDEX', list, probe)) > oldest then to, step = probe, 2 * step
    else from, isNear = probe + 1, false end
  end
  return { list = list, length = length, from = from, names = {}, at = 1 }
end

-- The next reference, as a number and as text; nothing at the end.
local function take(reader)
  if reader.at > #reader.names then
    if reader.from >= reader.length then return end
    reader.names, reader.at = call('LRANGE', reader.list, reader.from, reader.from + chunkReferences - 1), 1
    reader.from = reader.from + chunkReferences
  end
  local name = reader.names[reader.at]
  reader.at = reader.at + 1
  return tonumber(name), name
end

local toAll, own = open(KEYS[3]), open(KEYS[4])
local midToAll, nameToAll = take(toAll)
local ownMid, ownName = take(own)
local lines, isLast, bytes, through = {}, 1, 0, after
while midToAll or ownMid do
  local isToAll = not ownMid or (midToAll and midToAll < ownMid)
  local mid = isToAll and midToAll or ownMid
  local name = isToAll and nameToAll or ownName
  local entry = call('XRANGE', log, name, name)[1]
  if entry then
    local text = entry[2][2]
    local meta = find(text, '\n', 1, true) + 1
    bytes = bytes + #text - find(text, '\n', meta, true)
    if #lines > 0 and (#lines >= 2 * maxEntries or bytes > maxBytes) then
      head, isLast = through, 0
      break
    end
    lines[#lines + 1], lines[#lines + 2] = isToAll and '-' .. name or name, sub(text, meta)
  end
  through = mid
  if isToAll then midToAll, nameToAll = take(toAll) else ownMid, ownName = take(own) end
end
return { head, isGap and 1 or 0, isLast, table.concat(lines, '\n') }
`);

/**
 * KEYS: state, log. ARGV: after, the most entries. Returns since; then mid and text of each entry that is kept above `after`,
 * oldest first. What a stranger has put into the log has an empty text.
 */
export const pageScript = script(String.raw`
local known = redis.call('HMGET', KEYS[1], 'since', 'cut')
local since, cut = tonumber(known[1]) or 0, tonumber(known[2]) or 0
local from = string.format('%.0f', math.max(tonumber(ARGV[1]), cut) + 1)
local reply = { since }
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], from, '+', 'COUNT', ARGV[2])) do
  reply[#reply + 1] = tonumber(string.match(entry[1], '^%d+'))
  reply[#reply + 1] = entry[2][1] == 'e' and entry[2][2] or ''
end
return reply
`);

/** KEYS: log. ARGV: through, the most entries. Returns the mids of the newest entries that are kept up to `through`, the newest first. */
export const midsScript = script(String.raw`
local reply = {}
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', ARGV[2])) do
  reply[#reply + 1] = tonumber(string.match(entry[1], '^%d+'))
end
return reply
`);

/**
 * KEYS: state, log, the id. Returns nothing when the id is not known or was cancelled; else its mid and, when the entry is still
 * kept, its text.
 */
export const findScript = script(String.raw`
local mid = tonumber(string.match(redis.call('GET', KEYS[3]) or '', '^(%d+) '))
if not mid then return {} end
local name = string.format('%.0f-0', mid)
local cut = tonumber(redis.call('HGET', KEYS[1], 'cut')) or 0
local entry = mid > cut and redis.call('XRANGE', KEYS[2], name, name)[1]
if not entry then return { mid } end
return { mid, entry[2][2] }
`);
