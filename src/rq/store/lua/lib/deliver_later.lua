-- Puts what is to be sent to others about an outcome (webhooks; opaque here) into the outbox, in the same step as the outcome. Workers send it, and try again
-- while it fails (see take_deliveries).
local function deliver_later(now, name, body)
  if body == '' then return end
  try('HSET', deliveries_key(), name, body)
  try('ZADD', outbox_key(), now, name)
end
