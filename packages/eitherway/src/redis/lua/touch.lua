-- Creates the log if there is none, puts its end off, and says where it stands: epoch, head.
find_or_create_log()
touch_log()
trim()
save_log()
return { log.epoch, log.head }
