-- How far a stream is. Answer: epoch and head, or nil where the hold is not good any more.

if not find_stream() or not is_mine() then return nil end
save_log()
return { log.epoch, log.head }
