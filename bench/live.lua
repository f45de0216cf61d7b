-- The no-op everything else is compared with.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.path = "/health/live"
