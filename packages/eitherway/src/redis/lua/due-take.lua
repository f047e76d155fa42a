-- Takes what is due: each item goes to one node, and comes again where that one does not say it is done.
--
-- ARGV[1] most items, ARGV[2] for how many ms. Answer: ms until the next is due or -1; then each item and its mark.

local items = redis.call('ZRANGE', DUE, '-inf', string.format('%.0f', NOW), 'BYSCORE', 'LIMIT', 0, ARGV[1])
local mark = NOW + tonumber(ARGV[2]) + 0.5
local answer = { -1 }
for _, item in ipairs(items) do
  put(item, mark)
  answer[#answer + 1] = item
  answer[#answer + 1] = string.format('%.1f', mark)
end
local next_one = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
if next_one[2] then answer[1] = math.max(0, math.ceil(tonumber(next_one[2]) - NOW)) end
return answer
