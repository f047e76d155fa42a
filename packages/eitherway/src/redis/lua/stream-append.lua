-- Appends pieces; those that are there already (by this hold, whose answer did not arrive) are not appended again.
--
-- ARGV[10] number of the first piece, then each piece and the bytes of its payload
-- Answer: epoch and head, or nil where the hold is not good any more.

if not find_stream() or not is_mine() then return nil end
local number = tonumber(ARGV[10])
local blobs = {}
for n = 11, #ARGV, 2 do
  if number == log.head + 1 then
    append(ARGV[n], tonumber(ARGV[n + 1]))
    blobs[#blobs + 1] = ARGV[n]
  end
  number = number + 1
end
if #blobs > 0 then tell('L', log.head - #blobs + 1, blobs) end
save_log()
return { log.epoch, log.head }
