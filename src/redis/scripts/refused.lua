-- KEYS: what would be written. Returns, for each command of a recovery that the ACL refuses this user, its
-- name and the first such key; false when Redis can't be asked (before 7.0). Writes nothing.
if not redis.acl_check_cmd then return false end
local refused = {}
local function ask(name, ...)
  for _, key in ipairs(KEYS) do
    if not redis.acl_check_cmd(name, key, ...) then
      refused[#refused + 1] = name
      refused[#refused + 1] = key
      return
    end
  end
end
ask('MSET', '')
ask('SET', '', 'PX', '1')
ask('PERSIST')
ask('DEL')
ask('PEXPIRE', '1')
return refused
