-- Keeps a session that is one string for so long from now on.
-- KEYS: the session
-- ARGV: for how many milliseconds
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
