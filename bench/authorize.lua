-- A signed-in viewer presses play: the decision is remembered, the media token is signed anew.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.method = "POST"
wrk.path = "/api/v2/REF30/decisions/authorize/Cablevision"
wrk.headers["Authorization"] = os.getenv("BENCH_TOKEN")
wrk.headers["AP-Device-Identifier"] = os.getenv("BENCH_DEVICE")
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"resources":["acme-sports"]}'
