-- KEYS: record, its events. ARGV: version, seen_at, expires_at. Answers 1 if applied, 0 on a conflict.
local stored = redis.call('GETRANGE', KEYS[1], 0, 22)
if stored == '' or string.byte(stored, 2) ~= 0 or version(stored) ~= ARGV[1] then return 0 end
local seen, expires = string.sub(stored, 3, 8), string.sub(stored, 9, 14)
if instant(ARGV[2], 1) > instant(seen, 1) then seen = ARGV[2] end
local before, after = instant(expires, 1), instant(ARGV[3], 1)
if after > before then expires = ARGV[3] end
if seen .. expires ~= string.sub(stored, 3, 14) then redis.call('SETRANGE', KEYS[1], 2, seen .. expires) end
if hour(after) > hour(before) then
  local keep = kept_until(after, now())
  redis.call('PEXPIREAT', KEYS[1], keep)
  redis.call('PEXPIREAT', KEYS[2], keep)
end
return 1
