-- Who is there as the log tells it, oldest first. Answer: nil where there is no log; else epoch, head, then each member and its state.

if not find_log() then return nil end
local reply = { log.epoch, log.head }
for _, member in ipairs(redis.call('ZRANGE', ORDER, 0, -1)) do
  local state = redis.call('HGET', TOLD, member)
  if state then
    reply[#reply + 1] = member
    reply[#reply + 1] = state
  end
end
save_log()
return reply
