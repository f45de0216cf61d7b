-- Apps that start and fetch an access token: one signature each.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.method = "POST"
wrk.path = "/o/client/token"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.body = "grant_type=client_credentials&client_id=" .. os.getenv("BENCH_CLIENT_ID")
  .. "&client_secret=" .. os.getenv("BENCH_CLIENT_SECRET")
