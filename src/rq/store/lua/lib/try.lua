-- Runs a command on a key that may hold anything. Answers its reply; or nil, if it is what the key holds that is at fault. Any other error (no permission,
-- above all) ends the script: it says nothing about the data, and no id may be set aside for it.
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  for _, fault in ipairs({'WRONGTYPE', 'not an integer', 'not a float', 'not a valid float', 'overflow', 'NaN or Infinity'}) do
    if string.find(reply.err, fault, 1, true) then return nil end
  end
  error(reply.err)
end
