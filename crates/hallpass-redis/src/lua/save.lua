-- KEYS: record, its events; where one server has everything also: realms, all, due, index of the subject, stream.
-- ARGV: expected version (nothing: none), record, member, realm, most events of a session, most pointers, channel,
-- news, when it was filed (nothing: not yet), then of each event: id, subject, kind, text.
-- Answers 1 if applied, 0 on a conflict, 2 if the session must be filed first.
local stored = redis.call('GETRANGE', KEYS[1], '0', '278')
local expected, record, member = ARGV[1], ARGV[2], ARGV[3]
if expected == '' then
  if stored ~= '' then return 0 end
elseif not is_living(stored) or not is_filed(stored, expected) then
  return 0
end

local at, expires, whose = now(), instant(record, 8), subject(record)
local is_moved = true
if stored ~= '' then
  local seen, before = times(stored)
  is_moved = subject(stored) ~= whose or expires < before
  -- A touch leaves the version as it is, so the one who saves may not know of the last use.
  if seen > instant(record, 2) then
    record = string.sub(record, 1, 1) .. string.sub(stored, 2, 7) .. string.sub(record, 8)
  end
end
local one_server = #KEYS > 2
if is_moved then
  if one_server then
    redis.call('SADD', KEYS[3], ARGV[4])
    file_in_realm(KEYS[4], KEYS[5], member, whose, expires, at)
    if whose ~= '' then redis.call('ZADD', KEYS[6], '0', member) end
  elseif ARGV[9] == '' then
    return 2
  elseif at - tonumber(ARGV[9]) > 30000 then
    return redis.error_reply('TOOLATE the session was filed too long ago')
  end
end

local keep = kept_until(expires, at)
redis.call('PUBLISH', ARGV[7], ARGV[8])
redis.call('SET', KEYS[1], record, 'PXAT', keep)
for i = 10, #ARGV, 4 do
  if one_server then point_at(KEYS[7], ARGV[6], string.sub(member, 9), ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
  redis.call('RPUSH', KEYS[2], ARGV[i + 3])
end
if #ARGV > 9 then redis.call('LTRIM', KEYS[2], '-' .. ARGV[5], '-1') end
redis.call('PEXPIREAT', KEYS[2], keep)
return 1
