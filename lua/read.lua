-- A page of an ordered set, with a row for each member. Changes nothing.
--
-- Keys: 1 ZSET of members, all scores 0   2 HASH of rows
-- Arguments: 1 from   2 to, both as ZRANGEBYLEX takes them   3 members at most
--            4 bytes of rows at most, at least one row   5 characters of a member before the field of its row
--
-- Answer: { member, row or nil (Redis: false), … }
local call = redis.call
local members = call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local most, skip, bytes = tonumber(ARGV[4]), tonumber(ARGV[5]) + 1, 0
local page = {}
for i = 1, #members do
  local row = call('HGET', KEYS[2], members[i]:sub(skip))
  page[2 * i - 1] = members[i]
  page[2 * i] = row
  if row then bytes = bytes + #row end
  if bytes >= most then break end
end
return page
