-- What most saves are: a change without events of a record that stays where it is filed, for as long as it is kept.
-- KEYS: record. ARGV: expected version, record, channel, news.
-- Answers 1 if applied, 0 on a conflict, 2 if there is more to do than this.
local stored, record = redis.call('GETRANGE', KEYS[1], 0, 278), ARGV[2]
if string.byte(stored, 2) ~= 0 or version(stored) ~= ARGV[1] then return 0 end
local expires, expired = instant(record, 9), instant(stored, 9)
if expires < expired or hour(expires) ~= hour(expired) or subject(stored) ~= subject(record) then return 2 end
redis.call('PUBLISH', ARGV[3], ARGV[4])
redis.call('SET', KEYS[1], seen_last(stored, record), 'KEEPTTL')
return 1
