-- Shared by the load profiles: ends a run with one line that the bench command reads.

local expected = tonumber(os.getenv("BENCH_EXPECT"))
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  bad = 0
end

function response(status)
  if status ~= expected then
    bad = bad + 1
  end
end

function done(summary, latency)
  local unexpected = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do
    unexpected = unexpected + thread:get("bad")
  end
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), unexpected))
end

-- A pause before each request, where the pace is given rather than found.
local pause = tonumber(os.getenv("BENCH_PAUSE_MS") or "0")

if pause > 0 then
  function delay()
    return math.random(0, 2 * pause)
  end
end
