-- What the scripts read of a stored record: format and state (1 byte), seen_at (6), expires_at (6), version (seven bits a
-- byte, of which all but the last have the highest), length of the subject (1), subject. Versions are compared as bytes,
-- since numbers here are exact only up to 2^53; instants end below that. What is no record is not living.
local HOUR = 3600000
local function is_living(bytes)
  return string.byte(bytes) == 3
end
local function instant(bytes, at)
  return (struct.unpack('>I6', bytes, at))
end
-- Answers when a record was last used, and when it is over.
local function times(bytes)
  local seen, expires = struct.unpack('>I6I6', bytes, 2)
  return seen, expires
end
-- Tells whether a record goes on with these bytes after its times: a version, or that and a subject.
local function is_filed(bytes, filed)
  return string.sub(bytes, 14, 13 + #filed) == filed
end
local function version(bytes, at)
  return string.match(bytes, '^[\128-\255]*.', at) or ''
end
local function subject(bytes)
  local at = 14 + #version(bytes, 14)
  return string.sub(bytes, at + 1, at + (string.byte(bytes, at) or 0))
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function decimal(number)
  return string.format('%.0f', number)
end
local function hour(instant)
  return math.floor(instant / HOUR)
end
-- The server's clock only cleans up, so what it counts as over already is kept for a while, too. A deadline that moves
-- within its hour leaves that as it is.
local function kept_until(expires, at)
  return decimal((hour(math.max(expires, at)) + 3) * HOUR)
end
