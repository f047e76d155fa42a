-- The lease counts from now. ARGV[10] lease in ms. Answer: epoch and head, or nil where the hold is not good any more.

if not find_stream() or not is_mine() then return nil end
redis.call('HSET', RECORD, 'until', NOW + tonumber(ARGV[10]))
save_log()
return { log.epoch, log.head }
