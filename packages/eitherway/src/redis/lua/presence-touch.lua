-- Enters a channel, or changes the state there.
--
-- ARGV[10] until when somebody has promised to look at what waits, ARGV[11] member, ARGV[12] hold, ARGV[13] its number, ARGV[14] until when that
-- holds, ARGV[15] state, ARGV[16] most members, ARGV[17..20] key
-- Answer: 'done', 'late' (the lease may be over), 'promise' (first), 'full', 'reused', 'unknown' and the newest counter

local PROMISED, MEMBER, HOLD, NUMBER, ENDS, STATE = tonumber(ARGV[10]), ARGV[11], ARGV[12], ARGV[13], tonumber(ARGV[14]), ARGV[15]

local function touch()
  local key = key_at(17)
  local known = answer_known(key)
  if known then return known end
  if NOW >= ENDS then return answer('late') end
  local is_new = not redis.call('ZSCORE', ORDER, MEMBER)
  if is_new and redis.call('ZCARD', ORDER) >= tonumber(ARGV[16]) then return answer('full') end
  read_pace()
  if NOW >= PROMISED and would_wait() then return answer('promise') end
  if is_new then redis.call('ZADD', ORDER, next_place(), MEMBER) end
  if redis.call('HSET', HOLDS, HOLD, NUMBER) == 1 then redis.call('HINCRBY', COUNTS, MEMBER, 1) end
  set_state(MEMBER, STATE)
  remember_applied(key)
  touch_log()
  save_place()
  return answer('done')
end

find_or_create_log()
return touch()
