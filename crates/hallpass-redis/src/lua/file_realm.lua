-- KEYS: all, due, stream. ARGV: member, subject, expires_at (nothing: only events), most pointers, then of each event:
-- id, subject, kind. Answers the time.
local at = now()
if ARGV[3] ~= '' then file_in_realm(KEYS[1], KEYS[2], ARGV[1], ARGV[2], instant(ARGV[3], 1), at) end
for i = 5, #ARGV, 3 do
  point_at(KEYS[3], ARGV[4], string.sub(ARGV[1], 9), ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
return decimal(at)
