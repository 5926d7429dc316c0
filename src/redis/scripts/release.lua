-- KEYS[1] lock. ARGV[1] owner. 1 when deleted, 0 when the lock is not ours.
if redis.call('TYPE', KEYS[1])['ok'] ~= 'string' or redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
