-- First receipts of repeated keys, as every script has them that applies commands once (P5).

local RECEIPT = '^(%d+) (%d+) (%d+) (%w+)$' -- counter, fingerprint, seq, life of the log

-- nil where the key is new, else the answer.
local function recall(key)
  local latest = redis.call('LINDEX', key.name, 0)
  if not latest then return nil end
  local counter, _, seq, life = string.match(latest, RECEIPT)
  if life ~= log.life then -- of a log that was lost: what its seqs named is gone
    redis.call('DEL', key.name)
    return nil
  end
  if key.counter > tonumber(counter) then return nil end
  for _, receipt in ipairs(redis.call('LRANGE', key.name, 0, -1)) do
    local known, print, applied = string.match(receipt, RECEIPT)
    if tonumber(known) == key.counter then
      if print ~= key.print then return 0 end
      return -tonumber(applied)
    end
  end
  if key.collapse then return -tonumber(seq) end
  return counter
end

local function remember(key, seq, most, window)
  local receipt = string.format('%.0f %s %.0f %s', key.counter, key.print, seq, log.life)
  if redis.call('LPUSH', key.name, receipt) > most then redis.call('LTRIM', key.name, 0, most - 1) end
  redis.call('PEXPIRE', key.name, window)
end
