-- Binds whoever lives to look at an item; to be done before what makes it due, so that nobody who is killed between leaves it behind.
--
-- ARGV[1] item, ARGV[2] in how many ms. Answer: until when what makes it due has to have happened.

local at = NOW + tonumber(ARGV[2])
put(ARGV[1], at)
return at
