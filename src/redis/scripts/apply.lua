-- KEYS[1] lock, KEYS[2..] the keys of the plan. ARGV[1] owner, then two entries per key of the plan:
--   what it must hold now: '-' absent, '=' and the value, '!' and the type of anything but a string
--   what to do with it:    '=' and the new value, 'p' remove its TTL, 'd' delete it, 'k' leave it alone
-- Returns {'applied'}, {'lockLost', holder} or {'mismatch', key}; unless 'applied', nothing was written.
local CHUNK = 4000 -- unpack() fails beyond about 8,000 values

-- The fence. A holder that was paused longer than its lock finds another name here, or none.
local held = redis.call('TYPE', KEYS[1])['ok'] == 'string' and redis.call('GET', KEYS[1])
if held ~= ARGV[1] then return { 'lockLost', held or '' } end

-- Every key must still hold what the plan saw.
for first = 2, #KEYS, CHUNK do
  local last = math.min(first + CHUNK - 1, #KEYS)
  local values = redis.call('MGET', unpack(KEYS, first, last))
  for i = first, last do
    local value, now = values[i - first + 1], nil
    if value then
      now = '=' .. value
    else
      local kind = redis.call('TYPE', KEYS[i])['ok']
      now = kind == 'none' and '-' or '!' .. kind
    end
    if now ~= ARGV[2 * i - 2] then return { 'mismatch', KEYS[i] } end
  end
end

-- A command that is refused in the middle would leave half of the plan behind. Redis asks the ACL for every
-- key named above before the script starts, but for commands only when they are called, so ask now.
local refused = function(key) return redis.error_reply('NOPERM this user may not write ' .. key) end
if redis.acl_check_cmd then
  for i = 2, #KEYS do
    local act = string.sub(ARGV[2 * i - 1], 1, 1)
    local allowed = true
    if act == '=' then allowed = redis.acl_check_cmd('MSET', KEYS[i], '')
    elseif act == 'p' then allowed = redis.acl_check_cmd('PERSIST', KEYS[i])
    elseif act == 'd' then allowed = redis.acl_check_cmd('DEL', KEYS[i]) end
    if not allowed then return refused(KEYS[i]) end
  end
else
  -- Redis 6 can't be asked, and its ACL knows commands without regard to keys: try each command where it does
  -- nothing.
  local uses = {}
  for i = 2, #KEYS do uses[string.sub(ARGV[2 * i - 1], 1, 1)] = KEYS[i] end
  if uses['='] then
    -- An even number of arguments is refused as such, but only after the ACL.
    local tried = redis.pcall('MSET', uses['='], '', uses['='])
    if not (type(tried) == 'table' and tried.err and string.find(tried.err, 'wrong number', 1, true)) then
      return refused(uses['='])
    end
  end
  -- Of a key that is not there PERSIST and DEL change nothing. The owner is in the name, because it is new
  -- for each attempt; patterns that exclude the name say nothing about the command.
  local function cannot(command, key)
    local absent = key .. ':' .. ARGV[1]
    local kind = redis.pcall('TYPE', absent)['ok']
    if kind and kind ~= 'none' then return true end
    local tried = redis.pcall(command, absent)
    return type(tried) == 'table' and tried.err and string.find(tried.err, 'run this command', 1, true)
  end
  if uses['p'] and cannot('PERSIST', uses['p']) then return refused(uses['p']) end
  if uses['d'] and cannot('DEL', uses['d']) then return refused(uses['d']) end
end

local pending = {}
local function flush()
  if #pending > 0 then redis.call('MSET', unpack(pending)) end
  pending = {}
end
for i = 2, #KEYS do
  local act = ARGV[2 * i - 1]
  local verb = string.sub(act, 1, 1)
  if verb == '=' then
    pending[#pending + 1] = KEYS[i]
    pending[#pending + 1] = string.sub(act, 2)
    if #pending >= CHUNK then flush() end
  elseif verb == 'p' then
    flush()
    redis.call('PERSIST', KEYS[i])
  elseif verb == 'd' then
    flush()
    redis.call('DEL', KEYS[i])
  end
end
flush()
return { 'applied' }
