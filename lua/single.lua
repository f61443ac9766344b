-- The second half of commit.lua: changes that go one by one, or together.

-- Where jobs are taken from: '' is this node, else the number of a neighbour.
local from = { [''] = { waiting = waiting, running = running, notes = own } }
local numbersOf = {}
if #KEYS > 13 then
  local time = call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for i = 1, (#KEYS - 13) / 8 do
    local at = 13 + (i - 1) * 8
    local theirs, name = KEYS[at + 1], ARGV[4 + i]
    local state = call('HMGET', theirs, 'epoch', 'fenced')
    local lease = call('ZSCORE', leases, name)
    numbersOf[tostring(i)] = KEYS[at + 6]
    if state[1] and (state[1] == state[2] or (lease and tonumber(lease) <= now)) then
      from[tostring(i)] = {
        node = theirs, epoch = state[1],
        waiting = KEYS[at + 2], running = KEYS[at + 3], outcomes = KEYS[at + 4], payloads = KEYS[at + 5],
        notes = { names = KEYS[at + 7], values = KEYS[at + 8] },
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
  if runs == '1' then return unset(theirs.running, place) end
  return drop(theirs.waiting, place)
end

local function report(key, row)
  if key == '' then return end
  set(payloads, key, row)
  add(outcomes, key)
end

-- A new job, unless one of its id is there. One that has ended makes way for another of an id of the user's own. It may be
-- another node that keeps it: what that has left of it in its set of ended jobs has no row, and is passed over.
local function admits(ownId, id, row)
  local there = call('HGET', jobs, id)
  if there and not (ownId and there:sub(1, 1) == 'e') then return false end
  if there then
    drop(ended, there:sub(2, 1 + ENDED) .. id)
    dropNotesOf(there, shared)
  end
  set(jobs, id, row)
  return true
end

local begins = {}

-- What each kind of change does: fields of it are behind `i`. Answers a letter, and where its last field is.
local kinds = {}

-- whether the id is the user's own, id, place, row, key of taken or ''; where it was sent before: how many, each a
-- neighbour and two numbers
function kinds.i(f, i, _, kind)
  local last = i + 6 + 3 * tonumber(f[i + 6])
  local known = false
  for at = i + 7, last, 3 do
    local theirs = tonumber(call('HGET', numbersOf[f[at]], f[i + 5]) or 0)
    known = known or (theirs >= tonumber(f[at + 1]) and theirs <= tonumber(f[at + 2]))
  end
  if not room then return 'n', last end
  if known or not admits(f[i + 1] == '1', f[i + 2], f[i + 4]) then return 'd', last end
  if kind == 'x' then begins[f[i + 3]] = true else add(waiting, f[i + 3]) end
  return 'o', last
end

-- the same; it begins in this group, and never stands among those that wait
kinds.x = kinds.i

-- place, startedAt
function kinds.b(f, i)
  local place, last = f[i + 1], i + 2
  if not (begins[place] or drop(waiting, place)) then return 's', last end
  begins[place] = nil
  set(running, place, f[i + 2])
  return 'o', last
end

-- owner, place, runs, key and row of the outcome, place and row of the ended job
function kinds.e(f, i, notes)
  local last = i + 7
  if not leave(f[i + 1], f[i + 2], f[i + 3]) then return 's', last end
  local id = idOf(f[i + 2])
  if f[i + 6] == '' then
    unset(jobs, id)
  else
    set(jobs, id, rowWith(notes, own, f[i + 7]))
    add(ended, f[i + 6])
  end
  report(f[i + 4], f[i + 5])
  return 'o', last
end

-- owner, place, runs, next place, row, key and row of the outcome
function kinds.m(f, i)
  local last = i + 7
  if not leave(f[i + 1], f[i + 2], f[i + 3]) then return 's', last end
  set(jobs, idOf(f[i + 4]), f[i + 5])
  add(waiting, f[i + 4])
  report(f[i + 6], f[i + 7])
  return 'o', last
end

-- how many, their keys
function kinds.a(f, i)
  local last = i + 1 + tonumber(f[i + 1])
  for at = i + 2, last do
    unset(payloads, f[at])
    drop(outcomes, f[at])
  end
  return 'o', last
end

-- id
function kinds.r(f, i)
  local row = call('HGET', jobs, f[i + 1])
  -- The row of an ended job begins with e and its place.
  if not (row and row:sub(1, 1) == 'e' and drop(ended, row:sub(2, 1 + ENDED) .. f[i + 1])) then return 's', i + 1 end
  dropNotesOf(row, shared)
  unset(jobs, f[i + 1])
  return 'o', i + 1
end

-- owner, its key, key and row here
function kinds.o(f, i)
  local theirs = ownerOf(f[i + 1])
  if not (theirs and drop(theirs.outcomes, f[i + 2])) then return 's', i + 4 end
  unset(theirs.payloads, f[i + 2])
  report(f[i + 3], f[i + 4])
  return 'o', i + 4
end

-- notes alone
function kinds.n(_, i) return 'o', i end

local OWNED = { e = true, m = true, o = true }

local function isPut(letter) return letter:sub(1, 1):lower() == 'p' end

-- Whether the value of a note begins with a time that is not after this one.
local function isOver(value, at) return at ~= '' and #value >= 8 and struct.unpack('>d', value) <= tonumber(at) end

local function placeOf(name, theirs) return name:sub(1, 1) == 's' and shared or theirs end

-- Does the change at `at`: its kind, how many notes it has, these (p(ut) or d(rop), in capitals unless taken, with the time
-- at which what ends by itself is looked at; name, value), fields of its kind. Answers a letter, where the next change is, and of a note that is taken its number and what is there.
local function change(f, at)
  local i = at + 1 + 3 * tonumber(f[at + 1])
  local note, value = nil, false
  local names = {}
  for n = at + 2, i, 3 do
    if isPut(f[n]) then names[#names + 1] = f[n + 1] end
    if f[n] < 'a' and not note then
      value = noteAt(placeOf(f[n + 1], own), f[n + 1]:sub(2))
      if value and isOver(value, f[n]:sub(2)) then value = false end
      if value then note = (n - at - 2) / 3 end
    end
  end
  local alone = note and not undo
  if alone then undo = {} end
  local answer, last = kinds[f[at]](f, i, names, f[at])
  if alone then rollBack() end
  if answer ~= 'o' then return answer, last + 1 end
  if note then return 't', last + 1, note, value end
  local theirs = OWNED[f[at]] and from[f[i + 1]].notes or own
  for n = at + 2, i, 3 do
    local name = f[n + 1]:sub(2)
    if isPut(f[n]) then putNote(placeOf(f[n + 1], own), name, f[n + 2]) else dropNote(placeOf(f[n + 1], theirs), name) end
  end
  return 'o', last + 1
end

local function detail(letter, at, note, value)
  return struct.pack('>c1I4I2I4', letter, at, note or 0, #(value or '')) .. (value or '')
end

-- Changes that are done together, or not at all.
local function together(f)
  undo = {}
  local i = 1
  for at = 0, #f do
    if i > #f then break end
    local answer, next, note, value = change(f, i)
    if answer ~= 'o' then
      rollBack()
      if answer == 'n' then return 'n' end
      return 'r', detail(answer, at, note, value)
    end
    i = next
  end
  undo = nil
  return 'o'
end

local answers, details, i = {}, {}, 1
while i <= #f do
  local answer, next, note, value
  if f[i] == 'g' then -- the number of its list
    local told
    answer, told = together(lists[tonumber(f[i + 1])])
    details[#details + 1] = told
    next = i + 2
  else
    answer, next, note, value = change(f, i)
    if note then details[#details + 1] = detail(answer, 0, note, value) end
  end
  answers[#answers + 1] = answer
  i = next
end

local letters = table.concat(answers)
if #details > 0 then letters = letters .. '\0' .. table.concat(details) end
call('HSET', node, 'group', ARGV[3], 'answers', letters, 'before', known[4])
return letters
