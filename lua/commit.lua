-- One group of changes, whole or not at all: a script that has found its owner valid does not fail half-way.
--
-- Keys (all in the slot of {prefix}):
--   1 node      HASH  what is known of this node: id, epoch, fenced, group, answers to it and to the one before
--   2 leases    ZSET  node -> when its lease ends, ms on Redis' clock
--   3 jobs      HASH  id -> row of a job, whoever has it
--   4 waiting   ZSET  places (lane, NUL, due, number, id) in order; all scores 0
--   5 running   HASH  place -> when the attempt began
--   6 ended     ZSET  places (state, NUL, time, number, id) of jobs kept for people
--   7 outcomes  ZSET  (distributor, number) of outcomes not yet acknowledged
--   8 payloads  HASH  the same -> row of the outcome
--   9 taken     HASH  (distributor, instance) -> highest number taken
--   10 names    ZSET  notes of all nodes, in order: see notes.lua    11 values  HASH  what is in them
--   12, 13 the same of this node's own
--   then, for each neighbour that a change speaks of, its node, waiting, running, outcomes, payloads, taken, and its own notes
--
-- Arguments:
--   1 the owner's epoch   2 number of the group before this one   3 number of this group
--   4 MessagePack array of lists, all of text:
--     of many jobs at once, each in none but these lists up to here, and all as they say, or the group is refused:
--       1 new: id, row, …   2 ids that come, begin and end in this group   3 those of 1 that wait: 0, place, …
--       4 those that begin: place, when, …   5 places of those of 4 that waited   6 places of those that ran and end
--     of any:
--       7 outcomes of those that end: key, row, …   8 keys of outcomes that are acknowledged
--       9 key of taken, highest number, …
--     10 the other changes, one after the other, as change-fields.ts writes them
--     11… changes that are done together, a list each
--   5… the names of the neighbours
--
-- Answer: text with one letter for each of the other changes: o(k), d(uplicate), s(tale), t(aken), r(efused, of changes
-- together), or n(o room) for a job that was not stored. Behind a NUL, for each t and r, what group.ts reads.
-- Refuses with FENCED (the epoch is over), EMPTIED (Redis has forgotten the node), BEHIND (it has forgotten groups),
-- SINGLY (not all is as lists 1 to 6 say, or there is no memory for list 1: each change is to be sent by itself).
local call = redis.call
local node, leases, jobs, waiting, running = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ended, outcomes, payloads, taken = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local shared = { names = KEYS[10], values = KEYS[11] }
local own = { names = KEYS[12], values = KEYS[13] }
local ENDED = 22 -- characters of the place of an ended job, without its id
local LONG = string.rep('-', 65) -- and no place
local AT_ONCE = 4000 -- even, for pairs; Lua can hand over less than 8000 values

-- A place is text, NUL, 20 characters, and the id.
local function idOf(place) return place:sub(place:find('\0', 1, true) + 21) end

local known = call('HMGET', node, 'epoch', 'fenced', 'group', 'answers', 'before')
if not known[1] then return redis.error_reply('EMPTIED no such node') end
if known[1] ~= ARGV[1] or known[2] == ARGV[1] then return redis.error_reply('FENCED epoch ' .. known[1]) end
-- A group whose answer was lost is answered once more, also when the one after it has been done meanwhile.
if known[3] == ARGV[3] then return known[4] end
if tonumber(known[3]) == tonumber(ARGV[3]) + 1 then return known[5] end
if known[3] ~= ARGV[2] then return redis.error_reply('BEHIND at group ' .. known[3]) end

local lists = cmsgpack.unpack(ARGV[4])
local rows, passing, fresh, starts, waited = lists[1], lists[2], lists[3], lists[4], lists[5]
local over, told, acknowledged, numbers, f = lists[6], lists[7], lists[8], lists[9], lists[10]

-- All that is looked for is there, or none of it is.
local function all(there, command, key, members)
  for at = 1, #members, AT_ONCE do
    local found = call(command, key, unpack(members, at, math.min(at + AT_ONCE - 1, #members)))
    for i = 1, #found do
      if (found[i] ~= false) ~= there then return false end
    end
  end
  return true
end

local new = {}
for i = 1, #rows, 2 do new[#new + 1] = rows[i] end
for i = 1, #passing do new[#new + 1] = passing[i] end
if not (all(false, 'HMGET', jobs, new) and all(true, 'ZMSCORE', waiting, waited)
    and all(true, 'HMGET', running, over)) then
  return redis.error_reply('SINGLY not all is as expected')
end

-- The first write, for Redis to say whether it has memory left. When it has not, it still allows what frees memory, and
-- after that everything: so ends and what goes with them are done, and only new jobs are not.
local room = true
local first = redis.pcall('HSET', node, 'group', ARGV[3])
if type(first) == 'table' and first.err then
  if not first.err:find('OOM', 1, true) then return first end
  if #new > 0 then return redis.error_reply('SINGLY no memory for new jobs') end
  room = false
  call('HDEL', node, 'answers')
end

local function many(command, key, values)
  for at = 1, #values, AT_ONCE do
    call(command, key, unpack(values, at, math.min(at + AT_ONCE - 1, #values)))
  end
end

-- Removals come last: a key that is empty for a moment is made anew, and grows anew.
local gone, keys = {}, {}
for i = 1, #over do gone[i] = idOf(over[i]) end
for i = 1, #told, 2 do
  keys[i] = '0'
  keys[i + 1] = told[i]
end
many('HSET', jobs, rows)
many('HDEL', jobs, gone)
many('ZADD', waiting, fresh)
many('ZREM', waiting, waited)
-- A HASH of up to 512 short texts is searched from its front to its end. One long field makes it a table, which it
-- stays until it is empty.
if #starts > 64 then
  starts[#starts + 1], starts[#starts + 2] = LONG, ''
  over[#over + 1] = LONG
end
many('HSET', running, starts)
many('HDEL', running, over)
many('HSET', payloads, told)
many('ZADD', outcomes, keys)
many('HDEL', payloads, acknowledged)
many('ZREM', outcomes, acknowledged)

if room then
  for i = 1, #numbers, 2 do
    if tonumber(numbers[i + 1]) > tonumber(call('HGET', taken, numbers[i]) or 0) then
      call('HSET', taken, numbers[i], numbers[i + 1])
    end
  end
end

-- The other changes: single.lua, which goes on from here.
