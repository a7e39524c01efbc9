-- What most saves are: a change without events of a record that stays where it is filed.
-- KEYS: record, its events. ARGV: expected version, record, channel, news.
-- Answers 1 if applied, 0 on a conflict, 2 if the session must be filed first.
local stored, record = redis.call('GETRANGE', KEYS[1], 0, 278), ARGV[2]
if string.byte(stored, 2) ~= 0 or version(stored) ~= ARGV[1] then return 0 end
local expires = instant(record, 9)
if subject(stored) ~= subject(record) or expires < instant(stored, 9) then return 2 end
record = seen_last(stored, record)
local keep = kept_until(expires, now())
redis.call('PUBLISH', ARGV[3], ARGV[4])
redis.call('SET', KEYS[1], record, 'PXAT', keep)
redis.call('PEXPIREAT', KEYS[2], keep)
return 1
