-- Tells what waited for this window. Answer: 'done', and when what waits still may be told, or 0.

if not find_log() then return { 'done', 0, 0, 0, 0, 0 } end
read_pace()
tell_changes()
save_place()
return answer('done', redis.call('ZCARD', UNTOLD) > 0 and pace.window_end or 0)
