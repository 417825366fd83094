-- Tells those who listen on a channel. A user who may not publish is not heard there; what was to be said stands in the data, too.
local function tell(channel, message)
  redis.pcall('PUBLISH', channel, message)
end
