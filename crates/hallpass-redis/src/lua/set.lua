-- KEYS: settings. ARGV: name, whether there is an expected value, that, whether there is a new value, that.
local present = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == '1' then
  if present ~= ARGV[3] then return 0 end
elseif present then
  return 0
end
if ARGV[4] == '1' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[5])
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return 1
