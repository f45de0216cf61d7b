-- Many devices, each of which asks who is signed in. They are in a file, one a line.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.path = "/api/v2/REF30/profiles/Cablevision"
wrk.headers["Authorization"] = os.getenv("BENCH_TOKEN")

local requests = {}
local turn = 0

function init()
  bad = 0
  for device in io.lines(os.getenv("BENCH_DEVICES")) do
    wrk.headers["AP-Device-Identifier"] = device
    table.insert(requests, wrk.format())
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
