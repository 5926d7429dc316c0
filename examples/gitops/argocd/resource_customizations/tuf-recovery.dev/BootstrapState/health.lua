-- Health of an app: whether its settings are all there. What expires and what would come back is in the
-- message.
local health = { status = "Progressing", message = "Waiting for the controller" }

local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health
end

local more = ""
local stalled = false
for _, condition in ipairs(status.conditions) do
  if condition.type == "Healthy" then
    health.message = condition.reason .. ": " .. condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.reason == "NotGuarded" or condition.reason == "TargetUnavailable" then
      health.status = "Suspended"
    end
  elseif condition.type == "Stalled" and condition.status == "True" then
    stalled = true
  elseif (condition.type == "Fresh" or condition.type == "Recoverable") and condition.status == "False" then
    more = more .. " " .. condition.reason .. ": " .. condition.message
  end
end
if stalled then
  health.status = "Degraded"
end
health.message = health.message .. more
return health
