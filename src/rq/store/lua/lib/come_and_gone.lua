-- Whether the job that this very call enqueued has ended and was deleted since: its note says so for a minute (see keep_job).
local function has_come_and_gone(id, nonce)
  local note = try('GET', ended_key(id))
  return note and string.sub(note, -#nonce - 1) == ' ' .. nonce
end
