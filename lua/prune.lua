-- Forgets ended jobs of one state, the oldest first, a bounded number at a time.
--
-- Keys: 1 node HASH   2 jobs HASH   3 ended ZSET   4, 5 the notes of all nodes: see notes.lua
-- Arguments: 1 the owner's epoch   2 from   3 to   4 the same for those older than the limit
--            5 how many to keep   6 how many to look at
--
-- Answer: how many are forgotten now; fewer than argument 6: there are no more.
-- Refuses with FENCED: see commit.lua.
local call = redis.call
local known = call('HMGET', KEYS[1], 'epoch', 'fenced')
if known[1] ~= ARGV[1] or known[2] == ARGV[1] then
  return redis.error_reply('FENCED epoch ' .. tostring(known[1]))
end
local beyond = call('ZLEXCOUNT', KEYS[3], ARGV[2], ARGV[3]) - tonumber(ARGV[5])
local old = call('ZLEXCOUNT', KEYS[3], ARGV[2], ARGV[4])
local most = math.min(math.max(beyond, old), tonumber(ARGV[6]))
if most <= 0 then return 0 end
local places = call('ZRANGEBYLEX', KEYS[3], ARGV[2], ARGV[3], 'LIMIT', 0, most)
for i = 1, #places do
  local id = places[i]:sub(23)
  local row = call('HGET', KEYS[2], id)
  -- Another job of this id may be there by now.
  if row and row:sub(1, 23) == 'e' .. places[i]:sub(1, 22) then
    dropNotesOf(row, { names = KEYS[4], values = KEYS[5] })
    call('HDEL', KEYS[2], id)
  end
  call('ZREM', KEYS[3], places[i])
end
return #places
