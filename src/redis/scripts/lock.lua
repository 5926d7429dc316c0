-- KEYS[1] lock. ARGV: owner, life in milliseconds, '1' to take a lock that is no string, task. Returns {1,
-- owner} when the lock is ours, else {0, holder}; the holder is '' when the lock is no string. A lock of the
-- same task is taken over: that is how a restarted run re-enters. The attempt that held it, should it only
-- have been paused, no longer owns the lock and writes nothing more.
local kind = redis.call('TYPE', KEYS[1])['ok']
if kind == 'string' then
  local holder = redis.call('GET', KEYS[1])
  local prefix = ARGV[4] .. '/'
  if holder ~= ARGV[1] and holder ~= ARGV[4] and string.sub(holder, 1, #prefix) ~= prefix then return { 0, holder } end
elseif kind ~= 'none' and ARGV[3] ~= '1' then
  return { 0, '' }
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 1, ARGV[1] }
