-- Stores what came of a claim; the first answer stays.
--
-- KEYS[1] the claim; ARGV[1] answer, ARGV[2] key window

if redis.call('HSETNX', KEYS[1], 'answer', ARGV[1]) == 0 then return 0 end
redis.call('HSETNX', KEYS[1], 'until', '0')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
