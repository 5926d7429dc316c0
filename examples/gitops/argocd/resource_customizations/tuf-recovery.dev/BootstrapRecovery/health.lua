-- Health of one run. Succeeded is terminal: True and False never change again.
local health = { status = "Progressing", message = "Waiting for the controller" }

local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
-- The controller has not seen this version of the object yet.
if obj.metadata.generation ~= nil and status.observedGeneration ~= obj.metadata.generation then
  return health
end

for _, condition in ipairs(status.conditions) do
  if condition.type == "Succeeded" then
    health.message = condition.reason .. ": " .. condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "False" then
      health.status = "Degraded"
    elseif condition.reason == "AwaitingApproval" or condition.reason == "Suspended" then
      -- A person is awaited, not the controller.
      health.status = "Suspended"
    end
  end
end
return health
