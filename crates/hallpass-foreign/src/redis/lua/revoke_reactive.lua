-- Ends a session of the reactive repository with an index.
-- KEYS: the session, what expires with it, the sets that it is in, all by when they expire, its user's sessions or "-"
-- ARGV: its name in sets
if KEYS[5] ~= '-' then redis.call('SREM', KEYS[5], ARGV[1]) end
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
return redis.call('DEL', KEYS[1])
