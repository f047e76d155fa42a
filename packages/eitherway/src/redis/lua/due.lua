-- What every script begins with that touches what falls due.
--
-- KEYS[1] due: sorted set of items, by the millisecond from which on any node may look at them. Half a millisecond more says that a node
-- does so now, and until when it has that to itself.

local DUE = KEYS[1]
local time = redis.call('TIME')
local MICROS = time[1] * 1000000 + time[2]
local NOW = math.floor(MICROS / 1000)

local function due_at(item)
  local score = redis.call('ZSCORE', DUE, item)
  return score and tonumber(score)
end

local function is_taken(score)
  return score % 1 ~= 0
end

local function put(item, at)
  redis.call('ZADD', DUE, string.format('%.1f', at), item)
end
