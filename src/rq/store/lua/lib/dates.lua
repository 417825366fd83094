-- The two ways in which RQ writes a moment: a date in UTC with six digits of a second, and seconds as a decimal text.
local function iso_date(time)
  local micros = (time % 1) * 1000000
  local seconds = time - time % 1
  local rest = seconds % 86400
  -- Days since 1970 to a date of the Gregorian calendar: years are counted from March, so that the leap day is the last of its year. Every script that writes
  -- a date runs this, so it does without a function for whole numbers: x - x % 1.
  local shifted = (seconds - rest) / 86400 + 719468
  local day_of_era = shifted % 146097
  local year = (day_of_era - (day_of_era - day_of_era % 1460) / 1460 + (day_of_era - day_of_era % 36524) / 36524 - (day_of_era - day_of_era % 146096) / 146096) / 365
  year = year - year % 1
  local day_of_year = day_of_era - (365 * year + (year - year % 4) / 4 - (year - year % 100) / 100)
  local month = (5 * day_of_year + 2 - (5 * day_of_year + 2) % 153) / 153
  local day = day_of_year - (153 * month + 2 - (153 * month + 2) % 5) / 5 + 1
  month = month < 10 and month + 3 or month - 9
  year = year + (shifted - day_of_era) / 146097 * 400 + (month <= 2 and 1 or 0)
  local minutes = rest % 3600
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, day, (rest - minutes) / 3600, (minutes - minutes % 60) / 60, rest % 60, micros - micros % 1)
end

local function seconds_text(time)
  return string.format('%.6f', time)
end

-- Milliseconds until a due time, '' if there is none; never more than an integer reply can hold (a score may be infinite).
local function milliseconds_until(now, due)
  if not due then return '' end
  return math.min(math.max(math.ceil((due - now) * 1000), 0), 2 ^ 53)
end
