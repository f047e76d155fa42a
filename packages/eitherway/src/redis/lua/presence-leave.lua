-- Lets go of a channel: a command, or because a lease is over.
--
-- ARGV[10] until when somebody has promised to look at what waits, ARGV[11] member, ARGV[12] hold, ARGV[13] newest number of what is over, '' for
-- any, ARGV[14..17] key
-- Answer: 'done' and the number of the hold that was let go, 'promise' (first), 'reused', 'unknown' and the newest counter

local PROMISED, MEMBER, HOLD, NEWEST_OVER = tonumber(ARGV[10]), ARGV[11], ARGV[12], tonumber(ARGV[13])

local function leave()
  local key = key_at(14)
  local known = answer_known(key)
  if known then return known end
  local number = tonumber(redis.call('HGET', HOLDS, HOLD) or 0)
  read_pace()
  if number == 0 or (NEWEST_OVER and number > NEWEST_OVER) then
    remember_applied(key)
    return answer('done')
  end
  if NOW >= PROMISED and would_wait() then return answer('promise') end
  let_go(MEMBER, HOLD)
  remember_applied(key)
  save_place()
  return answer('done', number)
end

if not find_log() then return { 'done', 0, 0, 0, 0, 0 } end
return leave()
