-- Lets a key expire after so many seconds. Whatever anybody wrote into a job, the server must not refuse the number: an error here would come after the
-- attempt's lease has ended. About 3,000 years is for ever.
local LONGEST_SECONDS = 100000000000

local function expire_after(key, seconds)
  redis.call('EXPIRE', key, string.format('%.0f', math.max(math.min(seconds, LONGEST_SECONDS), 1)))
end
