-- Health of a policy: whether it can do its work. A loss it found is in the message; alerts are for
-- that.
local health = { status = "Progressing", message = "Waiting for the controller" }

local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health
end

-- What a policy waits for in the course of things.
local awaited = { Verifying = true, WaitingForTarget = true, NoApps = true, ReferenceNotFound = true }
local loss = ""
for _, condition in ipairs(status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.reason .. ": " .. condition.message
    if condition.reason == "Suspended" then
      health.status = "Suspended"
    elseif condition.status == "True" then
      health.status = "Healthy"
    elseif not awaited[condition.reason] then
      health.status = "Degraded"
    end
  elseif condition.type == "LossDetected" and condition.status == "True" then
    loss = " " .. condition.reason .. ": " .. condition.message
  end
end
health.message = health.message .. loss
return health
