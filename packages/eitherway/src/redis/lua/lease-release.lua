-- A holder holds places no more; of nothing nobody is the holder.
--
-- KEYS[2] holder; ARGV[1] item of the holder, then each place and the number of the hold that is over

local HOLDER, ITEM = KEYS[2], ARGV[1]
for n = 2, #ARGV, 2 do
  if redis.call('HGET', HOLDER, ARGV[n]) == ARGV[n + 1] then redis.call('HDEL', HOLDER, ARGV[n]) end
end
if redis.call('HLEN', HOLDER) > 1 then return end -- `last`
redis.call('DEL', HOLDER)
redis.call('ZREM', DUE, ITEM)
