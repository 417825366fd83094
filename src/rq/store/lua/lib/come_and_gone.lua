-- Whether what a deleted job left (a note, for a minute; see keep_job) says that this very call had enqueued it.
local function is_of_call(note, nonce)
  return note and string.sub(note, -#nonce - 1) == ' ' .. nonce
end
