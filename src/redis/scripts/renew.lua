-- KEYS[1] lock. ARGV: owner, life in milliseconds. 1 when extended, 0 when the lock is not ours.
if redis.call('TYPE', KEYS[1])['ok'] ~= 'string' or redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
