-- What the scripts read of a stored record: format (1 byte), state (1), version (8), seen_at (8), expires_at (8),
-- length of the subject (1), subject. Versions are compared as bytes, since numbers here are exact only up to 2^53;
-- instants end below that.
local HOUR = 3600000
local function instant(bytes, at)
  local number = 0
  for i = at + 2, at + 7 do number = number * 256 + string.byte(bytes, i) end
  return number
end
local function subject(bytes)
  return string.sub(bytes, 28, 27 + string.byte(bytes, 27))
end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function decimal(number)
  return string.format('%.0f', number)
end
