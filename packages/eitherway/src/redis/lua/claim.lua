-- Takes the right to run something once (P5).
--
-- KEYS[1] the claim: hash of print, token, until, answer
-- ARGV[1] fingerprint, ARGV[2] token of this attempt, ARGV[3] lease in ms, ARGV[4] '1' where it may be repeated, ARGV[5] key window
-- Answer: 'new', 'running', 'lapsed', 'reused', or 'settled' and the answer.

local CLAIM, PRINT, TOKEN, LEASE, REPEATABLE, KEY_WINDOW = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local known = redis.call('HMGET', CLAIM, 'print', 'token', 'until', 'answer')
if known[3] then
  if known[1] and known[1] ~= PRINT then return { 'reused' } end
  if known[4] then return { 'settled', known[4] } end
  if known[2] == TOKEN then return { 'new' } end -- this very attempt, whose first answer did not arrive
  if tonumber(known[3]) > now then return { 'running' } end
  if not REPEATABLE then return { 'lapsed' } end
end
redis.call('HSET', CLAIM, 'print', PRINT, 'token', TOKEN, 'until', string.format('%.0f', now + LEASE))
redis.call('PEXPIRE', CLAIM, LEASE + KEY_WINDOW)
return { 'new' }
