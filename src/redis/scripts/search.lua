-- KEYS: any. ARGV: pattern, most SCAN calls, most bytes of a value, most values for each text, then the
-- texts. Unless every key is there: the values of strings under the pattern that contain one of the texts.
-- Bounded by ARGV; what lies beyond the bounds is not found. Reads only.
local CHUNK = 4000 -- unpack() fails beyond about 8,000 values
local missing = false
for first = 1, #KEYS, CHUNK do
  local last = math.min(first + CHUNK - 1, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, first, last))
  for i = 1, last - first + 1 do missing = missing or not values[i] end
end
local found, counts = {}, {}
if not missing then return found end

local cursor = '0'
for _ = 1, tonumber(ARGV[2]) do
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 500)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if redis.call('TYPE', key)['ok'] == 'string' and redis.call('STRLEN', key) <= tonumber(ARGV[3]) then
      local value = redis.call('GET', key) or ''
      for i = 5, #ARGV do
        if string.find(value, ARGV[i], 1, true) then
          counts[i] = (counts[i] or 0) + 1
          if counts[i] <= tonumber(ARGV[4]) then found[#found + 1] = value end
          break
        end
      end
    end
  end
  if cursor == '0' then break end
end
return found
