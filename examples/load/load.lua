-- Sends requests that were made beforehand: FILE.<thread> holds whole HTTP requests, a zero byte between them.
-- Arguments: FILE, whether to begin again at the end ("again") or to stop, and the mean pause in milliseconds (0: none).
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1] .. "." .. number, "rb"))
  prepared = {}
  for one in file:read("*a"):gmatch("[^%z]+") do
    prepared[#prepared + 1] = one
  end
  file:close()
  again = args[2] == "again"
  pause = tonumber(args[3] or "0")
  place = 0
  short = 0
  math.randomseed(number + 1)
  if pause > 0 then
    delay = function() return math.random(0, 2 * pause) end
  end
end

function request()
  place = place + 1
  if place > #prepared then
    if again then
      place = 1
    else
      short = 1
      place = #prepared
      wrk.thread:stop()
    end
  end
  return prepared[place]
end

function done(summary, latency, requests)
  local short = 0
  for _, thread in ipairs(threads) do
    short = short + thread:get("short")
  end
  local e = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"micros":%d,"p50":%d,"p99":%d,"p999":%d,"status":%d,"broken":%d,"short":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), e.status, e.connect + e.read + e.write + e.timeout, short))
end
