-- KEYS: due, all, record, index of the subject. ARGV: member, subject, the score that was read.
-- Takes a session out of the indices if its record is gone, or another subject's; answers 1 if it did.
local stored = redis.call('GETRANGE', KEYS[3], '0', '278')
if stored ~= '' and subject(stored) == ARGV[2] then return 0 end
local score = redis.call('ZSCORE', KEYS[1], ARGV[1] .. ARGV[2])
if score ~= ARGV[3] or tonumber(score) > now() - HOUR then return 0 end
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[4], ARGV[1]) end
if stored == '' then redis.call('ZREM', KEYS[2], ARGV[1]) end
redis.call('ZREM', KEYS[1], ARGV[1] .. ARGV[2])
return 1
