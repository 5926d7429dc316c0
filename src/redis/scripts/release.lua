-- KEYS[1] lock. ARGV: owner, or '' and a task whose attempts all count. 1 when deleted, 0 when the lock is
-- not ours.
if redis.call('TYPE', KEYS[1])['ok'] ~= 'string' then return 0 end
local holder = redis.call('GET', KEYS[1])
if ARGV[1] ~= '' then
  if holder ~= ARGV[1] then return 0 end
else
  local prefix = ARGV[2] .. '/'
  if holder ~= ARGV[2] and string.sub(holder, 1, #prefix) ~= prefix then return 0 end
end
return redis.call('DEL', KEYS[1])
