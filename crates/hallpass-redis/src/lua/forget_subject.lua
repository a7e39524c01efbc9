-- KEYS: index of the subject, its mark. ARGV: member. Answers 0 if something was just added, and the index is left.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
