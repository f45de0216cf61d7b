-- An application that asks who is signed in on its device.

dofile(os.getenv("BENCH_HOME") .. "/report.lua")
wrk.path = "/api/v2/REF30/profiles/Cablevision"
wrk.headers["Authorization"] = os.getenv("BENCH_TOKEN")
wrk.headers["AP-Device-Identifier"] = os.getenv("BENCH_DEVICE")
