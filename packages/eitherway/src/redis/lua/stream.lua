-- One stream, as its scripts have it after log.lua. In the record: `token` of who may append, `until` when, `ended` the attempt that ended it.
-- A stream's log begins at seq 1 when it is opened, so the seq of a piece is its number.
--
-- ARGV[9] token of the hold

local TOKEN = ARGV[9]
local stream

local function find_stream()
  if not find_log() then return nil end
  local values = redis.call('HMGET', RECORD, 'token', 'until', 'ended')
  stream = { token = values[1], lease_end = tonumber(values[2] or 0), ended = values[3] }
  return stream
end

local function is_open()
  return stream and stream.token and not stream.ended
end

-- Whether it is open, and of this hold.
local function is_mine()
  return is_open() and stream.token == TOKEN and stream.lease_end > NOW
end

local function append_told(blob, bytes)
  append(blob, bytes)
  tell('L', log.head, { blob })
  return log.head
end

-- From now on its entries are kept for `kept` ms, and then go together.
local function end_stream(blob, bytes, kept, attempt)
  append_told(blob, bytes)
  redis.call('HSET', RECORD, 'ended', attempt)
  log.ends = NOW + kept
  pin_log('')
  return log.head
end
