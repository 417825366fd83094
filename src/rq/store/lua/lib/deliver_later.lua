-- Puts what is to be sent to others about an outcome (webhooks; opaque here) into the outbox, in the same step as the outcome. Workers send it, and try again
-- while it fails (see take_deliveries).
local function deliver_later(now, name, body)
  if body == '' then return end
  if try('ZADD', outbox_key(), now, name) then try('HSET', deliveries_key(), name, body) end
end
