-- What most saves are: a change without events of a record that stays where it is filed, for as long as it is kept. It
-- stands alone and reads what frame.lua says, since making functions costs more than they do here; numbers that are
-- arguments of commands are text, since turning them into text does, too.
-- KEYS: record. ARGV: expected version and subject, record, channel, news.
-- Answers 1 if applied, 0 on a conflict, 2 if there is more to do than this.
local key, filed, record = KEYS[1], ARGV[1], ARGV[2]
local call, unpack = redis.call, struct.unpack
local stored = call('GETRANGE', key, '0', '278')
if string.byte(stored) ~= 3 then return 0 end
if string.sub(stored, 14, 13 + #filed) ~= filed then
  local version = string.match(filed, '^[\128-\255]*.')
  return string.sub(stored, 14, 13 + #version) == version and 2 or 0
end
local seen, expires = unpack('>I6I6', stored, 2)
local seen_then, expires_then = unpack('>I6I6', record, 2)
if seen_then < seen or expires_then < expires then return 2 end
if math.floor(expires_then / 3600000) ~= math.floor(expires / 3600000) then return 2 end
call('PUBLISH', ARGV[3], ARGV[4])
call('SET', key, record, 'KEEPTTL')
return 1
