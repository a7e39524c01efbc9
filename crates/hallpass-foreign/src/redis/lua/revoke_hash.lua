-- Ends a session that is a hash as its repository does.
-- KEYS: the session; where there is an index also what expires with it, its minute, its user's sessions ("-" is none)
-- ARGV: with an index its name in a minute, its name among a user's sessions, and a life of no seconds
if redis.call('EXISTS', KEYS[1]) == 0 then
  if #KEYS > 1 then redis.call('DEL', KEYS[2]) end
  return 0
end
if #KEYS == 1 then return redis.call('DEL', KEYS[1]) end
local was_live = redis.call('HGET', KEYS[1], 'maxInactiveInterval') ~= ARGV[3]
if KEYS[4] ~= '-' then redis.call('SREM', KEYS[4], ARGV[2]) end
if KEYS[3] ~= '-' then redis.call('SREM', KEYS[3], ARGV[1]) end
-- Whoever listens for the end reads the session then, so it stays for a while, and lives no more.
redis.call('DEL', KEYS[2])
if was_live then
  redis.call('HSET', KEYS[1], 'maxInactiveInterval', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], 300000)
end
return was_live and 1 or 0
