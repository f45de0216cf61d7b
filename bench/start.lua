-- Streams that start, each of a subject of its own. The text says about as much as a player does.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")

local body = "channel=harbor-news&deviceId=0123456789abcdef0123456789abcdef&deviceName=Den+TV&contentType=live"
local tail = " HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic ZGVtby1hcHA6\r\n"
  .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
local prefix = "POST /v2/sessions/Cablevision/" .. os.getenv("BENCH_RUN") .. "-"
local number = 0

function request()
  number = number + 1
  return prefix .. number .. tail
end
