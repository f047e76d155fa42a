-- Takes the right to append. A stream that was there begins anew.
--
-- ARGV[10] until when a look at the lease is promised, ARGV[11] lease in ms, ARGV[12] end of one whose producer is lost, ARGV[13] its payload's bytes,
-- ARGV[14] for how long what is over is kept
-- Answer: 'open' and whether one was lost, 'taken', 'late'.

local PROMISED, LEASE = tonumber(ARGV[10]), tonumber(ARGV[11])
local lost = 0

local function begin_anew()
  redis.call('DEL', LOG, NEWEST, SPARED)
  log.epoch, log.life, log.head, log.first, log.lost, log.bytes, log.spared_bytes = NEW_EPOCH, NEW_EPOCH, 0, 1, 0, 0, 0
  tell('L', 1, {})
end

local function open()
  if is_mine() then return { 'open', 0 } end -- by this very attempt, whose answer did not arrive
  if NOW >= PROMISED then return { 'late', 0 } end
  if is_open() then
    if stream.lease_end > NOW then return { 'taken', 0 } end
    if log.epoch == NEW_EPOCH then return { 'late', 0 } end -- its end and the new beginning need an epoch each
    end_stream(ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14]), 'lost')
    lost = 1
  end
  if log.head > 0 then begin_anew() end
  redis.call('HSET', RECORD, 'token', TOKEN, 'until', NOW + LEASE)
  redis.call('HDEL', RECORD, 'ended')
  log.ends = nil
  log.pinned = ''
  pin_log('1')
  return { 'open', lost }
end

if not find_stream() then
  find_or_create_log()
  stream = {}
end
local reply = open()
save_log()
return reply
