-- KEYS: index of the subject, its mark. ARGV: member. Answers the time.
-- The mark keeps repairs away from an index to which something was just added: its record may be under way.
redis.call('ZADD', KEYS[1], '0', ARGV[1])
redis.call('SET', KEYS[2], '', 'PX', 90000)
return decimal(now())
