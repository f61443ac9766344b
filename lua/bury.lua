-- A lost node of which everything has been taken over needs no more looking after. What it kept for people goes to the
-- one who buries it. The numbers that it has taken are kept for a while: it may come back, and distributors with it.
--
-- Keys: 1 leases ZSET   of the lost node: 2 node   3 waiting   4 running   5 ended   6 outcomes   7 taken
--       8 jobs HASH   of the one who buries: 9 ended   10, 11 its own notes   of the lost one: 12, 13 the same
-- Arguments: 1 its name   2 ms to keep its numbers, and its own notes but for those of ended jobs
--
-- Answer: '1' when it is buried, '0' when it has come back or something is left.
local call = redis.call
local known = call('HMGET', KEYS[2], 'epoch', 'fenced')
if not known[1] or known[1] ~= known[2] then return '0' end
if call('EXISTS', KEYS[3], KEYS[4], KEYS[6]) > 0 then return '0' end
-- A delete first: after it a Redis that is out of memory allows the rest.
call('ZREM', KEYS[1], ARGV[1])
local mine, theirs = { names = KEYS[10], values = KEYS[11] }, { names = KEYS[12], values = KEYS[13] }

-- Notes of a kept job are with the node that keeps it, and the row says where.
local function moveNotes(place)
  local id = place:sub(23)
  local row = call('HGET', KEYS[8], id)
  if not row or row:sub(1, 23) ~= 'e' .. place:sub(1, 22) then return end
  local _, names, bare = notesOf(row)
  if #names == 0 then return end
  for _, name in ipairs(names) do
    local own = name:sub(1, 1) == 'o' and name:sub(2)
    local value = own and noteAt(theirs, own)
    if value then
      dropNote(theirs, own)
      putNote(mine, own, value)
    end
  end
  call('HSET', KEYS[8], id, rowWith(names, mine, bare))
end

if call('EXISTS', KEYS[5]) == 1 then
  if call('EXISTS', KEYS[12]) == 1 then
    for _, place in ipairs(call('ZRANGE', KEYS[5], 0, -1)) do moveNotes(place) end
  end
  call('ZUNIONSTORE', KEYS[9], 2, KEYS[9], KEYS[5])
  call('DEL', KEYS[5])
end
for _, key in ipairs({ KEYS[2], KEYS[7], KEYS[12], KEYS[13] }) do call('PEXPIRE', key, ARGV[2]) end
return '1'
