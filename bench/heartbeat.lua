-- Streams that say that they still play, each in its turn. Their paths are in a file, one a line.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.method = "POST"
wrk.headers["Authorization"] = "Basic ZGVtby1hcHA6"

local requests = {}
local turn = 0

function init()
  bad = 0
  for path in io.lines(os.getenv("BENCH_STREAMS")) do
    table.insert(requests, wrk.format(nil, path))
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
