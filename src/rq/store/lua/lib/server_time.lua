-- The server's time in seconds, with microseconds. A script asks once. Tests replace this file to turn the clock by hand.
local function server_time()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end
