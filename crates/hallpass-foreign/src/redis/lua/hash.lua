-- Writes fields of a session that is a hash, if certain fields still are what was read, and its indexes.
-- KEYS: the session; and where there is an index: what expires with it, the minute that it was to expire in and the one
--   that it is to expire in now, the sessions of the user that it had and of the one that it has ("-" is none)
-- ARGV: "new" or "same", for how many milliseconds the hash is kept ("" is for ever), how long it lives ("" the same),
--   its name in a minute, its name among a user's sessions, how many fields are compared, then those: name, "1" and what
--   was read or "0" and nothing; then the fields that are written: name and value; and last for a new session that is
--   told of: channel and message
local session, place = KEYS[1], 7
local count = tonumber(ARGV[6])
if ARGV[1] == 'new' then
  if redis.call('EXISTS', session) == 1 then return 0 end
else
  if redis.call('EXISTS', session) == 0 then return 0 end
  for number = 1, count do
    local present = redis.call('HGET', session, ARGV[place])
    if ARGV[place + 1] == '1' then
      if present ~= ARGV[place + 2] then return 0 end
    elseif present and present ~= '' then
      return 0
    end
    place = place + 3
  end
end
local last = #ARGV - 2
while place < last do
  redis.call('HSET', session, ARGV[place], ARGV[place + 1])
  place = place + 2
end
if #KEYS > 1 then
  local expiry, minute_before, minute, user_before, user = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
  if user_before ~= user and user_before ~= '-' then redis.call('SREM', user_before, ARGV[5]) end
  if user ~= '-' then redis.call('SADD', user, ARGV[5]) end
  if ARGV[#ARGV - 1] ~= '' then redis.call('PUBLISH', ARGV[#ARGV - 1], ARGV[#ARGV]) end
  if minute_before ~= minute and minute_before ~= '-' then redis.call('SREM', minute_before, ARGV[4]) end
  if minute ~= '-' then
    redis.call('SADD', minute, ARGV[4])
    redis.call('PEXPIRE', minute, ARGV[2])
  end
  redis.call('APPEND', expiry, '')
  if ARGV[3] == '' then redis.call('PERSIST', expiry) else redis.call('PEXPIRE', expiry, ARGV[3]) end
end
if ARGV[2] == '' then redis.call('PERSIST', session) else redis.call('PEXPIRE', session, ARGV[2]) end
return 1
