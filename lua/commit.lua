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
--   then, for each neighbour that a change speaks of, its node, waiting, running, outcomes, payloads, taken
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
--   5… the names of the neighbours
--
-- Answer: text with one letter for each of the other changes: o(k), d(uplicate), s(tale), or n(o room) for a job that
-- was not stored.
-- Refuses with FENCED (the epoch is over), EMPTIED (Redis has forgotten the node), BEHIND (it has forgotten groups),
-- SINGLY (not all is as lists 1 to 6 say, or there is no memory for list 1: each change is to be sent by itself).
local call = redis.call
local node, leases, jobs, waiting, running = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ended, outcomes, payloads, taken = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
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

-- Where jobs are taken from: '' is this node, else the number of a neighbour.
local from = { [''] = { waiting = waiting, running = running } }
local numbersOf = {}
if #KEYS > 9 then
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 1, (#KEYS - 9) / 6 do
    local at = 9 + (i - 1) * 6
    local theirs, name = KEYS[at + 1], ARGV[4 + i]
    local state = call('HMGET', theirs, 'epoch', 'fenced')
    local lease = call('ZSCORE', leases, name)
    numbersOf[tostring(i)] = KEYS[at + 6]
    if state[1] and (state[1] == state[2] or (lease and tonumber(lease) <= now)) then
      from[tostring(i)] = {
        node = theirs, epoch = state[1],
        waiting = KEYS[at + 2], running = KEYS[at + 3], outcomes = KEYS[at + 4], payloads = KEYS[at + 5],
      }
    end
  end
end

-- From the first thing that is taken from a neighbour its own changes are refused, should it only have been asleep.
local function ownerOf(owner)
  local theirs = from[owner]
  if theirs and theirs.epoch then
    call('HSET', theirs.node, 'fenced', theirs.epoch)
    theirs.epoch = nil
  end
  return theirs
end

-- Takes a job from where the change says that it is.
local function leave(owner, place, runs)
  local theirs = ownerOf(owner)
  if not theirs then return false end
  if runs == '1' then return call('HDEL', theirs.running, place) == 1 end
  return call('ZREM', theirs.waiting, place) == 1
end

local function report(key, row)
  if key == '' then return end
  call('HSET', payloads, key, row)
  call('ZADD', outcomes, '0', key)
end

-- A new job, unless one of its id is there. One that has ended makes way for another of an id of the user's own. It may be
-- another node that keeps it: what that has left of it in its set of ended jobs has no row, and is passed over.
local function admits(ownId, id, row)
  local there = ownId and call('HGET', jobs, id)
  if there and there:sub(1, 1) == 'e' then
    call('ZREM', ended, there:sub(2, 1 + ENDED) .. id)
    call('HSET', jobs, id, row)
    return true
  end
  return call('HSETNX', jobs, id, row) == 1
end

local answers, n, i, size = {}, 0, 1, #f
local begins = {}

while i <= size do
  local kind, answer = f[i], 'o'
  if kind == 'i' or kind == 'x' then -- x: it begins in this group, and never stands among those that wait
    -- whether the id is the user's own, id, place, row, key of taken or ''; where it was sent before: how many, each a neighbour and two numbers
    local last = i + 6 + 3 * tonumber(f[i + 6])
    local known = false
    for at = i + 7, last, 3 do
      local theirs = tonumber(call('HGET', numbersOf[f[at]], f[i + 5]) or 0)
      known = known or (theirs >= tonumber(f[at + 1]) and theirs <= tonumber(f[at + 2]))
    end
    if not room then
      answer = 'n'
    elseif not known and admits(f[i + 1] == '1', f[i + 2], f[i + 4]) then
      if kind == 'i' then call('ZADD', waiting, '0', f[i + 3]) else begins[f[i + 3]] = true end
    else
      answer = 'd'
    end
    i = last + 1
  elseif kind == 'b' then -- place, startedAt
    if begins[f[i + 1]] or call('ZREM', waiting, f[i + 1]) == 1 then
      begins[f[i + 1]] = nil
      call('HSET', running, f[i + 1], f[i + 2])
    else
      answer = 's'
    end
    i = i + 3
  elseif kind == 'e' then -- owner, place, runs, key and row of the outcome, place and row of the ended job
    if leave(f[i + 1], f[i + 2], f[i + 3]) then
      local id = idOf(f[i + 2])
      if f[i + 6] == '' then
        call('HDEL', jobs, id)
      else
        call('HSET', jobs, id, f[i + 7])
        call('ZADD', ended, '0', f[i + 6])
      end
      report(f[i + 4], f[i + 5])
    else
      answer = 's'
    end
    i = i + 8
  elseif kind == 'm' then -- owner, place, runs, next place, row, key and row of the outcome
    if leave(f[i + 1], f[i + 2], f[i + 3]) then
      call('HSET', jobs, idOf(f[i + 4]), f[i + 5])
      call('ZADD', waiting, '0', f[i + 4])
      report(f[i + 6], f[i + 7])
    else
      answer = 's'
    end
    i = i + 8
  elseif kind == 'a' then -- how many, their keys
    local last = i + 1 + tonumber(f[i + 1])
    for at = i + 2, last, AT_ONCE do
      local to = math.min(at + AT_ONCE - 1, last)
      call('HDEL', payloads, unpack(f, at, to))
      call('ZREM', outcomes, unpack(f, at, to))
    end
    i = last + 1
  elseif kind == 'r' then -- id
    local row = call('HGET', jobs, f[i + 1])
    -- The row of an ended job begins with e and its place.
    if row and row:sub(1, 1) == 'e' and call('ZREM', ended, row:sub(2, 1 + ENDED) .. f[i + 1]) == 1 then
      call('HDEL', jobs, f[i + 1])
    else
      answer = 's'
    end
    i = i + 2
  elseif kind == 'o' then -- owner, its key, key and row here
    local theirs = ownerOf(f[i + 1])
    if theirs and call('ZREM', theirs.outcomes, f[i + 2]) == 1 then
      call('HDEL', theirs.payloads, f[i + 2])
      report(f[i + 3], f[i + 4])
    else
      answer = 's'
    end
    i = i + 5
  else
    return redis.error_reply('ERR unknown change ' .. tostring(kind))
  end
  n = n + 1
  answers[n] = answer
end

local letters = table.concat(answers)
call('HSET', node, 'group', ARGV[3], 'answers', letters, 'before', known[4])
return letters
