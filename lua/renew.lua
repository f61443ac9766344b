-- Renews a lease, and tells of the other nodes' leases.
--
-- Keys: 1 node HASH   2 leases ZSET
-- Arguments: 1 name   2 the owner's epoch   3 lease, ms   4 number of the last group known to be committed
--            5 '1' when the owner closes: its jobs are its own until the lease has ended
--
-- Answer: { ms until the first of the others' leases ends, or '', '1' when its own had ended,
--           names whose lease has ended, each with when; names whose lease holds (its own too) }
-- Refuses with FENCED, EMPTIED, BEHIND: see commit.lua.
local call = redis.call
local node, leases = KEYS[1], KEYS[2]
local known = call('HMGET', node, 'epoch', 'fenced', 'group')
if not known[1] then return redis.error_reply('EMPTIED no such node') end
if known[1] ~= ARGV[2] or known[2] == ARGV[2] then return redis.error_reply('FENCED epoch ' .. known[1]) end
if tonumber(known[3]) < tonumber(ARGV[4]) then return redis.error_reply('BEHIND at group ' .. known[3]) end

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local late = tonumber(call('ZSCORE', leases, ARGV[1]) or 0) <= now
-- A delete first: after it a Redis that is out of memory allows the rest.
call('HDEL', node, 'closed')
call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
if ARGV[5] == '1' then call('HSET', node, 'closed', ARGV[2]) end

local lost = call('ZRANGEBYSCORE', leases, '-inf', now, 'WITHSCORES')
local live = call('ZRANGEBYSCORE', leases, '(' .. now, '+inf', 'WITHSCORES')
local names, first = {}, ''
for i = 1, #live, 2 do
  names[#names + 1] = live[i]
  if first == '' and live[i] ~= ARGV[1] then first = tostring(tonumber(live[i + 1]) - now) end
end
return { first, late and '1' or '0', lost, names }
