-- What the scripts read of a stored record: format (1 byte), state (1), seen_at (6), expires_at (6), length of the
-- version (1), version, length of the subject (1), subject. Versions are compared as bytes, since numbers here are exact
-- only up to 2^53; instants end below that. What is no record has neither a version nor a subject.
local HOUR = 3600000
local function instant(bytes, at)
  local a, b, c, d, e, f = string.byte(bytes, at, at + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function version(bytes)
  return string.sub(bytes, 16, 15 + (string.byte(bytes, 15) or 0))
end
local function subject(bytes)
  local at = 16 + (string.byte(bytes, 15) or 0)
  return string.sub(bytes, at + 1, at + (string.byte(bytes, at) or 0))
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function decimal(number)
  return string.format('%.0f', number)
end
-- A touch leaves the version as it is, so the one who saves may not know of the last use.
local function seen_last(stored, record)
  if instant(stored, 3) <= instant(record, 3) then return record end
  return string.sub(record, 1, 2) .. string.sub(stored, 3, 8) .. string.sub(record, 9)
end
local function hour(instant)
  return math.floor(instant / HOUR)
end
-- The server's clock only cleans up, so what it counts as over already is kept for a while, too. A deadline that moves
-- within its hour leaves that as it is.
local function kept_until(expires, at)
  return decimal((hour(math.max(expires, at)) + 3) * HOUR)
end
