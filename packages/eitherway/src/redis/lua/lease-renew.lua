-- Leases go on, but for those that are over and known to be.
--
-- ARGV[1] lease in ms, then items

local ends = NOW + tonumber(ARGV[1])
for n = 2, #ARGV do
  local before = due_at(ARGV[n])
  if before and not is_taken(before) and before < ends then put(ARGV[n], ends) end
end
