-- Ends the epoch of a node whose lease has ended: from here on its own changes are refused, should it only have been
-- asleep.
--
-- Keys: 1 node HASH of the lost node   2 leases ZSET
-- Arguments: 1 its name
--
-- Answer: '1' when it is fenced, now or before; '0' when its lease holds.
local call = redis.call
local epoch = call('HGET', KEYS[1], 'epoch')
if not epoch then return '0' end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(call('ZSCORE', KEYS[2], ARGV[1]) or 0) > now then return '0' end
-- A delete first: after it a Redis that is out of memory allows the rest.
call('HDEL', KEYS[1], 'closed')
call('HSET', KEYS[1], 'fenced', epoch)
return '1'
