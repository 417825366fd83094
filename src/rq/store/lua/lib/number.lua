-- Reads a number that decides something from a hash, which may hold anything. Answers nil for what is none, for NaN, which every comparison passes by, and for
-- what is infinite.
local function number_of(text)
  local number = tonumber(text or '')
  if number and number - number == 0 then return number end
end
