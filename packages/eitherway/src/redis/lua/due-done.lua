-- Lets go an item that was looked at, or has it looked at again; unless it has been promised anew meanwhile.
--
-- ARGV[1] item, ARGV[2] its mark, ARGV[3] when again, or ''

if due_at(ARGV[1]) ~= tonumber(ARGV[2]) then return end
if ARGV[3] == '' then
  redis.call('ZREM', DUE, ARGV[1])
else
  put(ARGV[1], tonumber(ARGV[3]))
end
