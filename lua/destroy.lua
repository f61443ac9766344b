-- Destroys jobs of a node of which nobody holds the lease, for one who is no node. What somebody waits for ends as
-- cancelled, and its outcome stays with the node: whoever has the node's jobs next delivers it.
--
-- Outcomes are numbered in the order in which they are delivered. So those who are no nodes number theirs in an epoch of
-- their own, after the last of a node; which ends that one, too, should its node only have been asleep.
--
-- Keys: 1 node HASH   2 leases ZSET   3 jobs HASH
--       of the node: 4 waiting   5 running   6 ended   7 outcomes   8 payloads
--       9 STRING the answer of this, for when it is lost on its way
--       10, 11 notes of all nodes, 12, 13 the node's own: see notes.lua
-- Arguments: 1 its name   2 its epoch   3 numbers given in it, or '' (both as nodes.lua has answered)
--            4 the epoch of the numbers used here   5 numbers given in it, those used here too
--            6 ms to keep the answer
--            7 MessagePack array of jobs, each four texts: w, its place; r, its place; or e, its id;
--              then key and row of the outcome, or '' and ''; then names of the notes that go with it
--
-- Answer: text with one letter a job: o(k), or s(tale) when it is not there any more.
--     or: '' when the node's lease holds, or not all is as it was: look again.
local call = redis.call
local node, leases, jobs, waiting, running, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local shared, own = { names = KEYS[10], values = KEYS[11] }, { names = KEYS[12], values = KEYS[13] }
local ENDED = 22 -- characters of the place of an ended job, without its id

-- A place is text, NUL, 20 characters, and the id.
local function idOf(place) return place:sub(place:find('\0', 1, true) + 21) end

local before = call('GET', KEYS[9])
if before then return before end
local known = call('HMGET', node, 'epoch', 'fenced', 'closed', 'visited', 'given')
local epoch = known[1]
if epoch ~= ARGV[2] or (known[4] == epoch and known[5] or '') ~= ARGV[3] then return '' end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(call('ZSCORE', leases, ARGV[1]) or 0)
local stopped = known[3] == epoch
if ends > now and known[2] ~= epoch and not stopped then return '' end

-- The first write is a delete: after it a Redis that is out of memory allows the rest.
local function leave(kind, what)
  if kind == 'w' then return call('ZREM', waiting, what) == 1 and idOf(what) end
  if kind == 'r' then return call('HDEL', running, what) == 1 and idOf(what) end
  local row = call('HGET', jobs, what)
  -- The row of an ended job begins with e and its place.
  if not row or row:sub(1, 1) ~= 'e' then return false end
  if call('ZREM', ended, row:sub(2, 1 + ENDED) .. what) == 0 then return false end
  dropNotesOf(row, shared)
  return what
end

local f = cmsgpack.unpack(ARGV[7])
local answers, changed = {}, false
for i, job in ipairs(f) do
  local id = leave(job[1], job[2])
  if id then
    call('HDEL', jobs, id)
    if job[3] ~= '' then
      call('HSET', KEYS[8], job[3], job[4])
      call('ZADD', KEYS[7], 0, job[3])
    end
    for n = 5, #job do dropNote(job[n]:sub(1, 1) == 's' and shared or own, job[n]:sub(2)) end
    changed = true
  end
  answers[i] = id and 'o' or 's'
end
local all = table.concat(answers)
if changed then
  call('HSET', node, 'epoch', ARGV[4], 'fenced', ARGV[4], 'visited', ARGV[4], 'given', ARGV[5])
  if stopped then call('HSET', node, 'closed', ARGV[4]) end
  -- Lost anew: those who have gone through what it left look again.
  if ends > 0 and ends < now then call('ZINCRBY', leases, 1, ARGV[1]) end
  call('SET', KEYS[9], all, 'PX', ARGV[6])
end
return all
