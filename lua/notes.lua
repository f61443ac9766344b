-- What the scripts that write notes have in common: each of them begins with this.
--
-- A note is a member of an ordered set (shelf, NUL, key), and a field of that name in a hash when its value is not empty.
-- The row of an ended job ends with the notes that go with it, and the length of that in four bytes: keys of the set and the
-- hash of the node whose they are, then names, each behind o(wn) or s(hared).
local undo -- when what is written may have to be taken back: how, the last first

local function later(...)
  if undo then undo[#undo + 1] = { ... } end
end

local function set(key, field, value)
  if undo then
    local before = redis.call('HGET', key, field)
    if before then later('HSET', key, field, before) else later('HDEL', key, field) end
  end
  redis.call('HSET', key, field, value)
end

local function unset(key, field)
  local before = undo and redis.call('HGET', key, field)
  if before then later('HSET', key, field, before) end
  return redis.call('HDEL', key, field) == 1
end

local function add(key, member)
  if redis.call('ZADD', key, '0', member) == 1 then later('ZREM', key, member) end
end

local function drop(key, member)
  local there = redis.call('ZREM', key, member) == 1
  if there then later('ZADD', key, '0', member) end
  return there
end

local function rollBack()
  for i = #undo, 1, -1 do redis.call(unpack(undo[i])) end
  undo = nil
end

-- The value of a note; false when there is none. `at`: which set and hash.
local function noteAt(at, name)
  return redis.call('ZSCORE', at.names, name) and (redis.call('HGET', at.values, name) or '')
end

local function putNote(at, name, value)
  if value == '' then unset(at.values, name) else set(at.values, name, value) end
  add(at.names, name)
end

local function dropNote(at, name)
  if drop(at.names, name) then unset(at.values, name) end
end

local function rowWith(notes, own, row)
  if #notes == 0 then return row .. struct.pack('>I4', 0) end
  local packed = cmsgpack.pack({ own.names, own.values, unpack(notes) })
  return row .. packed .. struct.pack('>I4', #packed)
end

-- Of the row of an ended job: whose notes, their names, and the row without them.
local function notesOf(row)
  local length = struct.unpack('>I4', row, #row - 3)
  if length == 0 then return nil, {}, row:sub(1, -5) end
  local packed = cmsgpack.unpack(row:sub(-4 - length, -5))
  return { names = packed[1], values = packed[2] }, { unpack(packed, 3) }, row:sub(1, -5 - length)
end

-- They go with an ended job that is kept no longer.
local function dropNotesOf(row, shared)
  local own, names = notesOf(row)
  for _, name in ipairs(names) do
    dropNote(name:sub(1, 1) == 'o' and own or shared, name:sub(2))
  end
end
