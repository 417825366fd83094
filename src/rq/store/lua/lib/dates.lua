-- The two ways in which RQ writes a moment: a date in UTC with six digits of a second, and seconds as a decimal text.
local function iso_date(time)
  local seconds = math.floor(time)
  local micros = math.floor((time - seconds) * 1000000)
  local days = math.floor(seconds / 86400)
  local rest = seconds - days * 86400
  -- Days since 1970 to a date of the Gregorian calendar: years are counted from March, so that the leap day is the last of its year.
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local day_of_era = shifted - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local month_from_march = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * month_from_march + 2) / 5) + 1
  local month = month_from_march < 10 and month_from_march + 3 or month_from_march - 9
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06dZ', year, month, day, math.floor(rest / 3600), math.floor(rest / 60) % 60, rest % 60, micros)
end

local function seconds_text(time)
  return string.format('%.6f', time)
end

-- Milliseconds until a due time, '' if there is none; never more than an integer reply can hold (a score may be infinite).
local function milliseconds_until(now, due)
  if not due then return '' end
  return math.min(math.max(math.ceil((due - now) * 1000), 0), 2 ^ 53)
end
