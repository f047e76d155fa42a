-- Appends, remembers keys and announces, in one step; what is volatile is announced in its place (P1, P4, P5).
--
-- ARGV[9] number of items; each is
--   'v' blob                                      volatile
--   'd' blob bytes collapse replaced (key...)     a draft; `collapse` '' or '=' and the key; `replaced` counts the keys after its own
-- A key is: index into KEYS (0: none), counter, fingerprint, collapse. ARGV[10] most receipts of a key, ARGV[11] key window.
-- Answer: epoch, then for each draft its seq; below 0: the seq of its first receipt; 0: key reused; a string: the newest counter, its outcome is unknown.

local MOST_RECEIPTS, KEY_WINDOW = tonumber(ARGV[10]), ARGV[11]
local cursor = 11

local function take()
  cursor = cursor + 1
  return ARGV[cursor]
end

local function take_collapse()
  local text = take()
  if text == '' then return nil end
  return text
end

local function take_key()
  local index, counter, print, collapse = tonumber(take()), tonumber(take()), take(), take_collapse()
  if index == 0 then return nil end
  return { name = KEYS[index], counter = counter, print = print, collapse = collapse }
end

local answers = {}
local untold, kind = {}, nil

local function tell_untold()
  if #untold == 0 then return end
  if kind == 'v' then
    tell('V', 0, untold)
  else
    tell('L', log.head - #untold + 1, untold)
  end
  untold = {}
end

local function told_as(next_kind, blob)
  if kind ~= next_kind then tell_untold() end
  kind = next_kind
  untold[#untold + 1] = blob
end

local function publish_draft()
  local blob, bytes, collapse, replaced = take(), tonumber(take()), take_collapse(), tonumber(take())
  local key = take_key()
  local known = key and recall(key)
  if known then
    for _ = 1, replaced do take_key() end
    return known
  end
  if kind ~= 'd' then tell_untold() end
  local seq = append(blob, bytes, collapse)
  told_as('d', blob)
  if key then remember(key, seq, MOST_RECEIPTS, KEY_WINDOW) end
  for _ = 1, replaced do
    local other = take_key()
    if other and not recall(other) then remember(other, seq, MOST_RECEIPTS, KEY_WINDOW) end
  end
  return seq
end

find_or_create_log()
touch_log()
for _ = 1, tonumber(ARGV[9]) do
  if take() == 'v' then
    told_as('v', take())
  else
    answers[#answers + 1] = publish_draft()
  end
end
tell_untold()
trim()
save_log()
return { log.epoch, unpack(answers) }
