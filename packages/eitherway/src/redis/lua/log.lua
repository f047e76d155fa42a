-- What every script that touches a log begins with: the log's record, its incarnation, its trimming, its announcements.
--
-- KEYS[1] record: hash     KEYS[2] log: stream of entries `<seq>-0`, without a hole but for what was trimmed at its front
-- KEYS[3] newest: hash of the newest seq per collapse key      KEYS[4] spared: stream of trimmed entries that are the newest of theirs
-- ARGV[1..8] see `logArguments` in log-arguments.ts; a script's own arguments begin at ARGV[9], its own keys at KEYS[5].
--
-- A script calls find_log() or find_or_create_log(), does its work, and save_log() as its last step.

local RECORD, LOG, NEWEST, SPARED = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local NEW_EPOCH, LIVE, PUBLISH = ARGV[1], ARGV[2], ARGV[3]
local BOUNDS = { messages = tonumber(ARGV[4]), bytes = tonumber(ARGV[5]), age = tonumber(ARGV[6]), latest_keys = tonumber(ARGV[7]) }
local LIFE = tonumber(ARGV[8])
local OVERHEAD = 256 -- ENTRY_OVERHEAD_BYTES
local TOUCH = 10000 -- TOUCH_MS: expiry is put off at most this often, and LIFE is that much longer

local function milliseconds()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local NOW = milliseconds()

-- Another one after each restart and each promotion, so whatever may have lost writes has another one.
local function incarnation()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end

local log -- the record, while a script runs
local dirty, outlives = false, false

-- Frames of LIVE: kind, epoch, seq of the first message, time; then each message with its length before it.
local function tell(kind, seq, blobs)
  local parts = { kind, log.epoch, struct.pack('>dd', seq, NOW) }
  for _, blob in ipairs(blobs) do
    parts[#parts + 1] = struct.pack('>I4', #blob)
    parts[#parts + 1] = blob
  end
  redis.call(PUBLISH, LIVE, table.concat(parts))
end

local function forget_entries()
  redis.call('DEL', LOG, NEWEST, SPARED)
  log.first, log.lost, log.bytes, log.spared_bytes = log.head + 1, log.head, 0, 0
  dirty, outlives = true, true
end

-- Entries and seq stay, but nobody who was shown an entry that this server has lost may go on from there (P4).
local function begin_epoch(current)
  log.epoch, log.incarnation = NEW_EPOCH, current
  dirty = true
  tell('L', log.head + 1, {})
end

local function find_log()
  local values = redis.call('HMGET', RECORD, 'epoch', 'life', 'incarnation', 'head', 'first', 'lost', 'bytes', 'spared', 'touched', 'pinned', 'ends')
  if not values[1] then return nil end
  log = {
    epoch = values[1], life = values[2], incarnation = values[3],
    head = tonumber(values[4]), first = tonumber(values[5]), lost = tonumber(values[6]),
    bytes = tonumber(values[7]), spared_bytes = tonumber(values[8]), touched = tonumber(values[9]),
    pinned = values[10] or '', ends = tonumber(values[11]),
  }
  local current = incarnation()
  if log.incarnation ~= current then begin_epoch(current) end
  -- A server that evicts keys may have let the entries go and kept the record.
  if redis.call('XLEN', LOG) ~= log.head - log.first + 1 then forget_entries() end
  return log
end

local function find_or_create_log()
  if find_log() then return log end
  redis.call('DEL', LOG, NEWEST, SPARED)
  log = {
    epoch = NEW_EPOCH, life = NEW_EPOCH, incarnation = incarnation(),
    head = 0, first = 1, lost = 0, bytes = 0, spared_bytes = 0, touched = 0, pinned = '',
  }
  dirty = true
  return log
end

-- What is pinned (somebody is present, a stream is open) stays.
local function expire(key, at)
  if log.pinned == '1' then
    redis.call('PERSIST', key)
  else
    redis.call('PEXPIREAT', key, at or NOW + LIFE)
  end
end

-- `pinned`: '1' or ''. Where that changes the life of the log counts from now.
local function pin_log(pinned)
  if log.pinned == pinned then return end
  log.pinned = pinned
  dirty, outlives = true, true
end

-- Puts the end of all that belongs to the log off; `also` are further keys that live as long.
local function outlive(also)
  log.touched = NOW
  dirty = true
  expire(LOG, log.ends)
  for _, key in ipairs({ NEWEST, SPARED }) do expire(key) end
  for _, key in ipairs(also or {}) do expire(key) end
  outlives = false
end

-- Whoever publishes to a log or watches it keeps it.
local function touch_log()
  if NOW - log.touched >= TOUCH or NOW < log.touched then outlives = true end
end

local function save_log()
  if outlives then outlive() end
  if not dirty then return end
  redis.call('HSET', RECORD, 'epoch', log.epoch, 'life', log.life, 'incarnation', log.incarnation, 'head', log.head,
    'first', log.first, 'lost', log.lost, 'bytes', log.bytes, 'spared', log.spared_bytes, 'touched', log.touched, 'pinned', log.pinned,
    'ends', log.ends or '')
  expire(RECORD, log.touched + LIFE)
end

local function seq_of(entry)
  return tonumber(string.match(entry[1], '^%d+'))
end

-- The fields of an entry: a(t), n (payload bytes), d(ata), c(ollapse key; with a mark before it, left out where there is none).
local function at_of(entry) return tonumber(entry[2][2]) end
local function bytes_of(entry) return tonumber(entry[2][4]) end
local function collapse_of(entry) return entry[2][8] end

local function text_of(seq)
  return string.format('%.0f', seq)
end

local function id_of(seq)
  return text_of(seq) .. '-0'
end

local function is_superseded(entry)
  local collapse = collapse_of(entry)
  if not collapse then return false end
  local newest = redis.call('HGET', NEWEST, collapse)
  return newest and tonumber(newest) ~= seq_of(entry)
end

local function forget_oldest_spared()
  local oldest = redis.call('XRANGE', SPARED, '-', '+', 'COUNT', 1)[1]
  redis.call('XDEL', SPARED, oldest[1])
  redis.call('HDEL', NEWEST, collapse_of(oldest))
  log.spared_bytes = log.spared_bytes - bytes_of(oldest) - OVERHEAD
  log.lost = math.max(log.lost, seq_of(oldest))
end

local function spare(entry)
  redis.call('XADD', SPARED, entry[1], unpack(entry[2]))
  log.spared_bytes = log.spared_bytes + bytes_of(entry) + OVERHEAD
  local count = redis.call('XLEN', SPARED)
  if count == 1 then outlives = true end
  while count > BOUNDS.latest_keys or (log.spared_bytes > BOUNDS.bytes and count > 1) do
    forget_oldest_spared()
    count = count - 1
  end
end

-- The oldest entry leaves the log: it is spared, or let go.
local function release(entry)
  local seq = seq_of(entry)
  redis.call('XDEL', LOG, entry[1])
  log.first = seq + 1
  log.bytes = log.bytes - bytes_of(entry) - OVERHEAD
  dirty = true
  local collapse = collapse_of(entry)
  if not collapse then
    log.lost = seq
  elseif not is_superseded(entry) then
    spare(entry)
  end
end

local function oldest_entry()
  return redis.call('XRANGE', LOG, '-', '+', 'COUNT', 1)[1]
end

-- The newest entry stays, whatever its size.
local function is_too_large()
  local kept = log.head - log.first + 1
  return kept > BOUNDS.messages or (log.bytes > BOUNDS.bytes and kept > 1)
end

-- Lets go what is too old.
local function trim()
  while log.first <= log.head do
    local oldest = oldest_entry()
    if NOW - at_of(oldest) < BOUNDS.age then return end
    release(oldest)
  end
end

local function supersede(collapse, seq)
  local previous = redis.call('HGET', NEWEST, collapse)
  redis.call('HSET', NEWEST, collapse, text_of(seq))
  if not previous then
    outlives = true
    return
  end
  previous = tonumber(previous)
  if previous >= log.first then return end
  local id = id_of(previous)
  local spared = redis.call('XRANGE', SPARED, id, id)[1]
  if not spared then return end
  redis.call('XDEL', SPARED, id)
  log.spared_bytes = log.spared_bytes - bytes_of(spared) - OVERHEAD
end

-- Appends one entry, and lets go what is one too many. The caller tells of it, in the order of the appends.
local function append(blob, bytes, collapse)
  if log.first > log.head then outlives = true end
  log.head = log.head + 1
  log.bytes = log.bytes + bytes + OVERHEAD
  dirty = true
  if collapse then
    redis.call('XADD', LOG, id_of(log.head), 'a', NOW, 'n', bytes, 'd', blob, 'c', collapse)
    supersede(collapse, log.head)
  else
    redis.call('XADD', LOG, id_of(log.head), 'a', NOW, 'n', bytes, 'd', blob)
  end
  while is_too_large() do release(oldest_entry()) end
  return log.head
end

local function oldest_seq()
  local spared = redis.call('XRANGE', SPARED, '-', '+', 'COUNT', 1)[1]
  if spared then return seq_of(spared) end
  return math.min(log.first, log.head)
end
