-- What the scripts read of a stored record: format (1 byte), state (1), seen_at (6), expires_at (6), length of the
-- version (1), version, length of the subject (1), subject. Versions are compared as bytes, since numbers here are exact
-- only up to 2^53; instants end below that. What is no record has neither a version nor a subject.
local HOUR = 3600000
local function instant(bytes, at)
  local number = 0
  for i = at, at + 5 do number = number * 256 + string.byte(bytes, i) end
  return number
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
