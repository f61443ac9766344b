-- Takes a node's lease for a new epoch, which ends every earlier one.
--
-- Keys: 1 node HASH   2 leases ZSET   3 taken HASH   4 ZSET, 5 HASH its own notes
-- Arguments: 1 name   2 id for a node that is new   3 lease, ms   4 who asks, as text
--            5 epoch whose holder is known to be gone, or ''
--
-- Answer: { 'open', id, epoch, '1' when the node is new }
--     or: { 'held', ms until the lease ends, who holds it, its epoch }
local call = redis.call
local BEGINNING = 1735689600000 -- 2025-01-01
local SECOND = 1000
local node, leases = KEYS[1], KEYS[2]
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local known = call('HMGET', node, 'id', 'epoch', 'fenced', 'closed', 'holder')
local id, epoch = known[1], known[2]
local ends = tonumber(call('ZSCORE', leases, ARGV[1]) or 0)
local free = known[4] == epoch or known[3] == epoch or ARGV[5] == epoch
if epoch and ends > now and not free then return { 'held', tostring(ends - now), known[5], epoch } end

-- A delete first: after it a Redis that is out of memory allows the rest.
call('HDEL', node, 'closed')
-- The epoch is the time, and so greater than all that were, also where Redis has lost the last of them in a restart or a
-- failover: a count would come to the same again, and what a node numbers with it would have the numbers of other things.
local last, next = tonumber(epoch or 0), now - BEGINNING
if next <= last then next = last + SECOND end
next = string.format('%.0f', next)
call('HSET', node, 'id', id or ARGV[2], 'epoch', next, 'holder', ARGV[4], 'group', '0', 'answers', '', 'before', '')
for _, key in ipairs({ node, KEYS[3], KEYS[4], KEYS[5] }) do call('PERSIST', key) end
call('ZADD', leases, now + tonumber(ARGV[3]), ARGV[1])
return { 'open', id or ARGV[2], next, id and '0' or '1' }
