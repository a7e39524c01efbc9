-- KEYS: due, all. ARGV: member, subject, the score that was read, whether the record is gone.
local score = redis.call('ZSCORE', KEYS[1], ARGV[1] .. ARGV[2])
if score ~= ARGV[3] or tonumber(score) > now() - HOUR then return 0 end
if ARGV[4] == '1' then redis.call('ZREM', KEYS[2], ARGV[1]) end
redis.call('ZREM', KEYS[1], ARGV[1] .. ARGV[2])
return 1
