-- KEYS: record, its events. ARGV: version, seen_at, expires_at. Answers 1 if applied, 0 on a conflict.
local stored = redis.call('GETRANGE', KEYS[1], 0, 12 + #ARGV[1])
if not is_living(stored) or not is_filed(stored, ARGV[1]) then return 0 end
local seen, before = times(stored)
local moved, after = string.sub(stored, 2, 13), instant(ARGV[3], 1)
if instant(ARGV[2], 1) > seen then moved = ARGV[2] .. string.sub(moved, 7) end
if after > before then moved = string.sub(moved, 1, 6) .. ARGV[3] end
if moved ~= string.sub(stored, 2, 13) then redis.call('SETRANGE', KEYS[1], 1, moved) end
if hour(after) > hour(before) then
  local keep = kept_until(after, now())
  redis.call('PEXPIREAT', KEYS[1], keep)
  redis.call('PEXPIREAT', KEYS[2], keep)
end
return 1
