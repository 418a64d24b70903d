import cProfile, pstats, time
from django.db import connection
from django.test.utils import CaptureQueriesContext
def test_profile(client, ask, live_pool):
    ids=[client.post("/v1/generations", ask).json()["urls"]["get"] for _ in range(20)]
    for name, call in (("POST", lambda: client.post("/v1/generations", ask)),("GET", lambda: client.get(ids[0]))):
        with CaptureQueriesContext(connection) as q: call()
        for x in q.captured_queries: print(x["time"], x["sql"][:150])
        p=cProfile.Profile(); t=time.process_time(); w=time.perf_counter(); p.enable()
        for _ in range(50): call()
        p.disable(); print(name, "cpu ms", (time.process_time()-t)/50*1000, "wall", (time.perf_counter()-w)/50*1000, len(q))
        pstats.Stats(p).sort_stats("cumulative").print_stats(45)
