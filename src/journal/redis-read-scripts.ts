import { script } from './redis-scripts.ts';

/**
 * One page of a mailbox: the references of the uid and those to all, each walked from the newest back to the cursor and merged, and
 * the entries that still stand behind them.
 *
 * KEYS: state, log, all, the list of the uid. ARGV: after, the most entries, the most bytes of push texts, about.
 * Returns nothing when Redis has lost the state of the journal, until a probe has made it anew; else through, gap, isLast and one text with three lines for each entry: its mid, negative when it is to all, meta and push.
 * O(references above `after` + entries).
 */
export const mailboxScript = script(String.raw`
local state, log = KEYS[1], KEYS[2]
local after, maxEntries, maxBytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local call, find, sub = redis.call, string.find, string.sub

local known = call('HMGET', state, 'head', 'since', 'cut')
if not known[1] then return {} end
local head, since, cut = tonumber(known[1]), tonumber(known[2]) or 0, tonumber(known[3]) or 0
local oldest = math.max(after, cut)
local isGap = after < since

-- The references above the cursor, the newest first, as numbers and as texts.
local function above(list)
  local mids, names, to = {}, {}, -1
  while true do
    local chunk = call('LRANGE', list, to - 127, to)
    for at = #chunk, 1, -1 do
      local mid = tonumber(chunk[at])
      if mid < 0 then
        if -mid > after then isGap = true end
        return mids, names
      end
      if mid <= oldest then return mids, names end
      mids[#mids + 1], names[#names + 1] = mid, chunk[at]
    end
    if #chunk < 128 then return mids, names end
    to = to - 128
  end
end

local toAll, namesToAll = above(KEYS[3])
local own, ownNames = above(KEYS[4])
local nextToAll, nextOwn = #toAll, #own
local lines, isLast, bytes, through = {}, 1, 0, after
while nextToAll > 0 or nextOwn > 0 do
  local isToAll = nextOwn == 0 or (nextToAll > 0 and toAll[nextToAll] < own[nextOwn])
  local mid = isToAll and toAll[nextToAll] or own[nextOwn]
  local name = isToAll and namesToAll[nextToAll] or ownNames[nextOwn]
  if isToAll then nextToAll = nextToAll - 1 else nextOwn = nextOwn - 1 end
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
