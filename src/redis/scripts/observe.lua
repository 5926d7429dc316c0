-- KEYS: any. Returns two entries per key: what it holds and its TTL in milliseconds (-1: none).
-- What a key holds is one string: '-' absent, '=' and the value, '!' and the type of anything but a string.
-- MGET answers nil both for "absent" and for "not a string", hence TYPE for those.
local CHUNK = 4000 -- unpack() fails beyond about 8,000 values
local seen = {}
for first = 1, #KEYS, CHUNK do
  local last = math.min(first + CHUNK - 1, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, first, last))
  for i = first, last do
    local value = values[i - first + 1]
    local held, ttl
    if value then
      held, ttl = '=' .. value, redis.call('PTTL', KEYS[i])
    else
      local kind = redis.call('TYPE', KEYS[i])['ok']
      held, ttl = kind == 'none' and '-' or '!' .. kind, -1
    end
    seen[2 * i - 1], seen[2 * i] = held, ttl
  end
end
return seen
