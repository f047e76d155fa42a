-- A holder is about to hold a place: notes that first, and renews its lease. A lease that is over is over: it has to be ended before.
--
-- KEYS[2] holder: hash of the number of the newest hold of each place, and `last` of all
-- ARGV[1] item of the holder, ARGV[2] place, ARGV[3] lease in ms
-- Answer: number of the hold, and when the lease ends; 0 where the lease is over.

local HOLDER, ITEM, PLACE, LEASE = KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3])
local ends = due_at(ITEM)
if ends and (is_taken(ends) or ends <= NOW) then return { 0, 0 } end
local last = tonumber(redis.call('HGET', HOLDER, 'last') or 0)
local number = string.format('%.0f', math.max(MICROS, last + 1)) -- whatever the clock does
redis.call('HSET', HOLDER, 'last', number, PLACE, number)
ends = math.max(ends or 0, NOW + LEASE)
put(ITEM, ends)
return { tonumber(number), ends }
