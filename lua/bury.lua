-- A lost node of which everything has been taken over needs no more looking after. What it kept for people goes to the
-- one who buries it. The numbers that it has taken are kept for a while: it may come back, and distributors with it.
--
-- Keys: 1 leases ZSET   of the lost node: 2 node   3 waiting   4 running   5 ended   6 outcomes   7 taken
--       8 ended ZSET of the one who buries
-- Arguments: 1 its name   2 ms to keep its numbers
--
-- Answer: '1' when it is buried, '0' when it has come back or something is left.
local call = redis.call
local known = call('HMGET', KEYS[2], 'epoch', 'fenced')
if not known[1] or known[1] ~= known[2] then return '0' end
if call('EXISTS', KEYS[3], KEYS[4], KEYS[6]) > 0 then return '0' end
-- A delete first: after it a Redis that is out of memory allows the rest.
call('ZREM', KEYS[1], ARGV[1])
if call('EXISTS', KEYS[5]) == 1 then
  call('ZUNIONSTORE', KEYS[8], 2, KEYS[8], KEYS[5])
  call('DEL', KEYS[5])
end
call('PEXPIRE', KEYS[2], ARGV[2])
call('PEXPIRE', KEYS[7], ARGV[2])
return '1'
