-- One channel with members, as the scripts of presence have it after log.lua and receipts.lua. Members are named by the JSON text of
-- their name, as the diffs have it.
--
-- KEYS[5] states: hash of who is held     KEYS[6] told: hash of what the log says    KEYS[7] holds: hash of the number of each hold
-- KEYS[8] counts: hash of holds a member  KEYS[9] untold: sorted set of members of whom the log does not say what is true
-- KEYS[10] order: sorted set of all of them, oldest first    KEYS[11] pace: hash of the window's end, what is spent of it, and the last place in an order
-- KEYS[12] receipts of the command's key, where it has one
-- ARGV[9] most diffs a window

local STATES, TOLD, HOLDS, COUNTS, UNTOLD, ORDER, PACE = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local MOST_DIFFS = tonumber(ARGV[9])
local WINDOW = 1000 -- of limits.presenceDiffs, ms

local pace

local function read_pace()
  local values = redis.call('HMGET', PACE, 'end', 'spent', 'last')
  pace = { window_end = tonumber(values[1] or 0), spent = tonumber(values[2] or 0), last = tonumber(values[3] or 0) }
  if NOW < pace.window_end and pace.window_end <= NOW + WINDOW then return end
  pace.window_end = NOW + WINDOW
  pace.spent = 0
end

local function next_place()
  pace.last = pace.last + 1
  return pace.last
end

-- Whether one more change would wait for the next window: somebody has to have promised to look then.
local function would_wait()
  return pace.spent + redis.call('ZCARD', UNTOLD) >= MOST_DIFFS
end

local function diff_of(member)
  local state, told = redis.call('HGET', STATES, member), redis.call('HGET', TOLD, member)
  if state == told then return nil end
  local event = (not state and 'leave') or (told and 'update') or 'join'
  local payload = state and ('{"member":' .. member .. ',"state":' .. state .. '}') or ('{"member":' .. member .. '}')
  return { event = event, state = state, bytes = #payload,
    blob = struct.pack('>BI2', 0, #event) .. event .. struct.pack('>I2', 0) .. payload }
end

local function forget_if_gone(member)
  if redis.call('HEXISTS', STATES, member) == 0 and redis.call('HEXISTS', TOLD, member) == 0 then
    redis.call('ZREM', ORDER, member)
  end
end

local diffs = { join = 0, update = 0, leave = 0 }

-- Tells what the window has room for.
local function tell_changes()
  local blobs = {}
  for _, member in ipairs(redis.call('ZRANGE', UNTOLD, 0, -1)) do
    local diff = diff_of(member)
    if diff then
      if pace.spent >= MOST_DIFFS then break end
      pace.spent = pace.spent + 1
      append(diff.blob, diff.bytes)
      blobs[#blobs + 1] = diff.blob
      diffs[diff.event] = diffs[diff.event] + 1
      if diff.state then redis.call('HSET', TOLD, member, diff.state) else redis.call('HDEL', TOLD, member) end
    end
    redis.call('ZREM', UNTOLD, member)
    forget_if_gone(member)
  end
  if #blobs > 0 then tell('L', log.head - #blobs + 1, blobs) end
end

-- `state` nil: nobody holds it any more.
local function set_state(member, state)
  if state then redis.call('HSET', STATES, member, state) else redis.call('HDEL', STATES, member) end
  if not redis.call('ZSCORE', UNTOLD, member) then
    if (redis.call('HGET', TOLD, member) or nil) == state then return end
    redis.call('ZADD', UNTOLD, next_place(), member)
  end
  tell_changes()
end

local function let_go(member, hold)
  redis.call('HDEL', HOLDS, hold)
  if redis.call('HINCRBY', COUNTS, member, -1) > 0 then return end
  redis.call('HDEL', COUNTS, member)
  set_state(member, nil)
end

-- The key of the command, or nil. ARGV[at]: counter, or '' where it has none; then fingerprint, most receipts, key window.
local function key_at(at)
  if ARGV[at] == '' then return nil end
  return { name = KEYS[12], counter = tonumber(ARGV[at]), print = ARGV[at + 1], most = tonumber(ARGV[at + 2]), window = ARGV[at + 3] }
end

local APPLIED = 1 -- in place of a seq: what a presence command did has no id

local function remember_applied(key)
  if key then remember(key, APPLIED, key.most, key.window) end
end

-- As its last step.
local function save_place()
  local is_empty = redis.call('ZCARD', ORDER) == 0
  redis.call('HSET', PACE, 'end', pace.window_end, 'spent', pace.spent, 'last', pace.last)
  if is_empty then redis.call('PEXPIRE', PACE, WINDOW) else redis.call('PERSIST', PACE) end
  pin_log(is_empty and '' or '1')
  trim()
  save_log()
end

-- Answer: what is to be said, then counters.
local function answer(kind, more)
  return { kind, more or 0, diffs.join, diffs.update, diffs.leave, pace and redis.call('ZCARD', UNTOLD) or 0 }
end

-- The answer to a command that is known, or cannot be; nil: it is new.
local function answer_known(key)
  local known = key and recall(key)
  if not known then return nil end
  if known == 0 then return answer('reused') end
  if type(known) == 'string' then return answer('unknown', tonumber(known)) end
  return answer('done')
end
