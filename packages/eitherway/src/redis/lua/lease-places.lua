-- What a holder holds whose lease is over: nothing that it holds from now on is of that lease.
--
-- KEYS[2] holder; ARGV[1] item of the holder, ARGV[2] for how many ms this node ends it
-- Answer: each place and the number of its newest hold.

local ITEM = ARGV[1]
local ends = due_at(ITEM)
if not ends or not (is_taken(ends) or ends <= NOW) then return {} end
put(ITEM, NOW + tonumber(ARGV[2]) + 0.5)
return redis.call('HGETALL', KEYS[2])
