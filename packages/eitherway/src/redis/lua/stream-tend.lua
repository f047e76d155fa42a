-- Ends a stream whose lease is over.
--
-- ARGV[10] its last message, ARGV[11] bytes of its payload, ARGV[12] for how long what is over is kept
-- Answer: when to look again, or 0; and whether its producer was lost.

if not find_stream() then return { 0, 0 } end
if not is_open() or stream.token ~= TOKEN then
  save_log()
  return { 0, 0 }
end
if stream.lease_end > NOW then
  save_log()
  return { stream.lease_end, 0 }
end
end_stream(ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12]), 'lost')
save_log()
return { 0, 1 }
