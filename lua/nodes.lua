-- How nodes stand, for one who looks. Changes nothing.
--
-- Keys: 1 leases ZSET, then for each node its node HASH, waiting ZSET, running HASH, ended ZSET
-- Arguments: their names
--
-- Answer: for each: { ms until its lease ends (negative: since it ended), or '' when no such node is known,
--                     'held', 'stopped', 'lost' (it may be back) or 'fenced' (it may not),
--                     its epoch, numbers that destroy.lua has given in this epoch, or '' when it is a node's,
--                     how many of its jobs wait, run, and have ended and are kept }
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = {}
for i, name in ipairs(ARGV) do
  local at = 2 + (i - 1) * 4
  local known = call('HMGET', KEYS[at], 'epoch', 'fenced', 'closed', 'visited', 'given')
  local ends = tonumber(call('ZSCORE', KEYS[1], name) or 0)
  local state = 'held'
  if known[3] == known[1] then
    state = 'stopped'
  elseif known[2] == known[1] then
    state = 'fenced'
  elseif ends <= now then
    state = 'lost'
  end
  local left = ends > 0 and known[1] and string.format('%.0f', ends - now) or ''
  local given = known[4] == known[1] and known[5] or ''
  local waiting, running, ended = call('ZCARD', KEYS[at + 1]), call('HLEN', KEYS[at + 2]), call('ZCARD', KEYS[at + 3])
  found[i] = { left, state, known[1] or '', given, waiting, running, ended }
end
return found
