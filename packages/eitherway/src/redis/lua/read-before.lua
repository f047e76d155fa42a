-- A page backwards, for history: nothing collapsed.
--
-- ARGV[9] epoch of the id before which the page ends, '' for the end; ARGV[10] its seq; ARGV[11] most messages, ARGV[12] most payload bytes
-- Answer: nil where there is no log; else epoch, head, oldest, entries from the newest to the oldest.

local BEFORE = tonumber(ARGV[10])
local MOST_MESSAGES, MOST_BYTES = tonumber(ARGV[11]), tonumber(ARGV[12])
local CHUNK = 64

if not find_log() then return nil end
trim()

local entries, bytes = {}, 0

-- false where the page is full.
local function take(entry)
  bytes = bytes + bytes_of(entry)
  if #entries > 0 and (#entries >= MOST_MESSAGES or bytes > MOST_BYTES) then return false end
  entries[#entries + 1] = entry
  return true
end

local function collect(before)
  for _, stream in ipairs({ LOG, SPARED }) do
    local last = before
    while last >= 1 do
      local chunk = redis.call('XREVRANGE', stream, id_of(last), '-', 'COUNT', CHUNK)
      for _, entry in ipairs(chunk) do
        if not take(entry) then return end
      end
      if #chunk < CHUNK then break end
      last = seq_of(chunk[#chunk]) - 1
    end
  end
end

if ARGV[9] == '' then
  collect(log.head)
elseif ARGV[9] == log.epoch then
  collect(BEFORE - 1)
end
local reply = { log.epoch, log.head, oldest_seq(), entries }
save_log()
return reply
