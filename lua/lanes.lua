-- The lanes that have jobs, each with its first place. Changes nothing.
--
-- Keys: 1 ZSET of places (lane, NUL, due, number, id), all scores 0
-- Arguments: 1 the lane before the first, or ''   2 lanes at most
--
-- Answer: { place, … }
local after, most = ARGV[1], tonumber(ARGV[2])
local from = after == '' and '-' or '(' .. after .. '\1'
local heads = {}
while #heads < most do
  local place = redis.call('ZRANGEBYLEX', KEYS[1], from, '+', 'LIMIT', 0, 1)[1]
  if not place then break end
  heads[#heads + 1] = place
  from = '(' .. place:sub(1, place:find('\0', 1, true) - 1) .. '\1'
end
return heads
