-- How an attempt ended, by the note EXECUTION:LETTER in the job's x_last: S success, F failed or stopped, R retried, D died (its own worker said so), P put
-- back; A taken back after its lease ran out, C canceled. The first five are the attempt's own word; the last two were done to it.
local OWN_WORD = {S = true, F = true, R = true, D = true, P = true}

local function ending_of(last, execution)
  if last and string.sub(last, 1, #execution + 1) == execution .. ':' then return string.sub(last, #execution + 2, #execution + 2) end
end

-- The note of a job that was deleted outlives it for a minute (see keep_job).
local function last_note(id, last, status)
  return last or (not status and try('GET', ended_key(id)))
end

-- Says whether an attempt may still write its outcome. Answers 'owner' and the fields asked for (from index 4 on); or why not:
--   dup         this very attempt wrote its outcome before (detail: its letter)
--   superseded  the lease stands, but the job was enqueued anew meanwhile: the result counts, the status does not
--   gone        the lease stands, but the job was deleted
--   fenced      the lease is lost: the job was taken back, canceled or deleted (detail: its status)
--   badtype     the job's key is not a hash
local function check_owner(queue, id, execution, ...)
  local fields = try('HMGET', job_key(id), 'x_execution', 'x_last', 'status', ...)
  if not fields then return 'badtype', '' end
  local held = try('ZSCORE', wip_key(queue), id .. ':' .. execution)
  if held and fields[1] == execution and fields[3] == 'started' then return 'owner', fields end
  local ending = ending_of(last_note(id, fields[2], fields[3]), execution)
  if OWN_WORD[ending] then return 'dup', ending end
  if held and not fields[3] then return 'gone', '' end
  if held then return 'superseded', fields[3] end
  return 'fenced', fields[3] or ''
end
