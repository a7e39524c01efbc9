-- Files a session where listings and sweeps look for it. `due` holds when it may be over at the earliest: touches move
-- a record's deadline and not this. What is long overdue may be under way to be forgotten, so that is filed anew.
local function file_in_realm(all, due, member, whose, expires, at)
  redis.call('ZADD', all, '0', member)
  local filed = redis.call('ZSCORE', due, member .. whose)
  if not filed or tonumber(filed) > expires or tonumber(filed) < at - HOUR then
    redis.call('ZADD', due, decimal(expires), member .. whose)
  end
end
-- Events are found by where they are in the order of a realm: a bounded stream of pointers.
local function point_at(stream, most, id, event, whose, kind)
  redis.call('XADD', stream, 'MAXLEN', '~', most, '*', 's', id, 'e', event, 'u', whose, 'k', kind)
end
