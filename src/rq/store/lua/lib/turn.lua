-- Whose turn it is to move what is due in a queue, and until when. It need not live: its turn ends by itself. A turn that would end later than any that could be
-- taken now was taken before the server's clock was set back, and is over, too.
local TURN_SECONDS = 0.05
local FORGOTTEN_SECONDS = 60

local function is_anothers_turn(now, turn, worker)
  local ends, holder = string.match(try('GET', turn) or '', '^(%S+) (.*)$')
  ends = tonumber(ends or '')
  return ends ~= nil and holder ~= worker and ends > now and ends <= now + TURN_SECONDS
end

-- After jobs were moved, so that a full server does not refuse it.
local function keep_turn(now, turn, worker)
  redis.call('SET', turn, seconds_text(now + TURN_SECONDS) .. ' ' .. worker, 'EX', FORGOTTEN_SECONDS)
end
