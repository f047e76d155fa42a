-- A page forwards, or the gap that is there instead.
--
-- ARGV[9] 'start', 'now' or the cursor's epoch; ARGV[10] its seq; ARGV[11] most messages, ARGV[12] most payload bytes of a page
-- Answer: nil where there is no log; else epoch, head, oldest, kind ('page' or why there is a gap), entries as XRANGE gives them.

local FROM, AFTER = ARGV[9], tonumber(ARGV[10])
local MOST_MESSAGES, MOST_BYTES = tonumber(ARGV[11]), tonumber(ARGV[12])
local CHUNK = 64

if not find_log() then return nil end
trim()

local entries, bytes, shown = {}, 0, AFTER

-- false where the page is full.
local function take(entry)
  if is_superseded(entry) then return true end
  local size = bytes_of(entry)
  -- No page ends before what is lost: its reader could not go on from there. Only spared entries lie there.
  local may_end = #entries > 0 and shown >= log.lost
  if may_end and (#entries >= MOST_MESSAGES or bytes + size > MOST_BYTES) then return false end
  bytes = bytes + size
  entries[#entries + 1] = entry
  shown = seq_of(entry)
  return true
end

local function collect()
  if AFTER < log.first - 1 then
    for _, entry in ipairs(redis.call('XRANGE', SPARED, id_of(AFTER + 1), '+')) do
      if not take(entry) then return end
    end
  end
  local from = math.max(log.first, AFTER + 1)
  while from <= log.head do
    local chunk = redis.call('XRANGE', LOG, id_of(from), '+', 'COUNT', CHUNK)
    for _, entry in ipairs(chunk) do
      if not take(entry) then return end
    end
    if #chunk < CHUNK then return end
    from = seq_of(chunk[#chunk]) + 1
  end
end

-- What still holds of collapse keys, after a place.
local function latest(after)
  local seqs = {}
  for _, seq in ipairs(redis.call('HVALS', NEWEST)) do
    local value = tonumber(seq)
    if value > after then seqs[#seqs + 1] = value end
  end
  table.sort(seqs, function(one, other) return one > other end)
  local found, total = {}, 0
  for _, seq in ipairs(seqs) do
    local id = id_of(seq)
    local entry = redis.call('XRANGE', seq < log.first and SPARED or LOG, id, id)[1]
    if entry then
      total = total + bytes_of(entry) + OVERHEAD
      if #found >= BOUNDS.latest_keys or (total > BOUNDS.bytes and #found > 0) then break end
      table.insert(found, 1, entry)
    end
  end
  return found
end

local function answer(kind, list)
  local reply = { log.epoch, log.head, oldest_seq(), kind, list }
  save_log()
  return reply
end

if FROM == 'now' then return answer('page', {}) end
if FROM ~= 'start' then
  if FROM ~= log.epoch then return answer('epoch', latest(0)) end
  if AFTER > log.head then return answer('unknown', latest(0)) end
  if AFTER < log.lost then return answer('trimmed', latest(AFTER)) end
end
collect()
return answer('page', entries)
