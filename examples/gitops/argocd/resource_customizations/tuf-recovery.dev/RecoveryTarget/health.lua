-- Health of a target. It is probed again and again, so an unreachable Redis may well come back. A Secret that
-- arrives after the target is waited for: Degraded would end a sync that is still to bring it.
local health = { status = "Progressing", message = "Waiting for the controller" }

local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health
end

for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.reason .. ": " .. condition.message
    if condition.reason == "Suspended" then
      health.status = "Suspended"
    elseif condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" and condition.reason ~= "ReferenceNotFound" then
      health.status = "Degraded"
    end
  end
end
return health
