-- Reads a session that is a hash, and for how long it is kept, unless it is larger than anybody's session.
-- KEYS: the session
if redis.call('HLEN', KEYS[1]) > 4096 then return 'large' end
local size = 0
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  size = size + #name + redis.call('HSTRLEN', KEYS[1], name)
  if size > 2097152 then return 'large' end
end
return { redis.call('PTTL', KEYS[1]), redis.call('HGETALL', KEYS[1]) }
