-- A page of an ordered set, with a row for each member. Changes nothing.
--
-- Keys: 1 ZSET of members, all scores 0   2 HASH of rows
-- Arguments: 1 from   2 to, both as ZRANGEBYLEX takes them   3 members at most
--            4 bytes of rows at most, at least one row   5 whether members are places: the field of a row is the id then, else the member
--
-- Answer: { member, row or nil (Redis: false), … }
local call = redis.call
local members = call('ZRANGEBYLEX', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local most, bytes = tonumber(ARGV[4]), 0
local places = ARGV[5] == '1'
local page = {}
for i = 1, #members do
  local member = members[i]
  -- A place is text, NUL, 20 characters, and the id.
  local row = call('HGET', KEYS[2], places and member:sub(member:find('\0', 1, true) + 21) or member)
  page[2 * i - 1] = member
  page[2 * i] = row
  if row then bytes = bytes + #row end
  if bytes >= most then break end
end
return page
