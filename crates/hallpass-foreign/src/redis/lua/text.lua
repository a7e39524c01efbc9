-- Writes a session that is one string, if the key still has what was read.
-- KEYS: the session
-- ARGV: "new" or "same", what was read, what is to be there, for how many milliseconds ("" is for ever)
local present = redis.call('GET', KEYS[1])
if ARGV[1] == 'new' then
  if present then return 0 end
elseif present ~= ARGV[2] then
  return 0
end
if ARGV[4] == '' then
  redis.call('SET', KEYS[1], ARGV[3])
elseif tonumber(ARGV[4]) > 0 then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
else
  redis.call('DEL', KEYS[1])
end
return 1
