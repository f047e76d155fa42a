-- Ends a stream, once.
--
-- ARGV[10] attempt, ARGV[11] last message, ARGV[12] bytes of its payload, ARGV[13] for how long what is over is kept
-- Answer: epoch and head, or nil where the hold is not good any more.

if not find_stream() then return nil end
if stream.token ~= TOKEN or stream.ended ~= ARGV[10] then -- else this attempt ended it, and its answer did not arrive
  if not is_mine() then return nil end
  end_stream(ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[10])
  save_log()
end
return { log.epoch, log.head }
