// One of two gateways that share a cache in Redis; ScriptProxy.Bench sets the ports in the environment.
Listen($"http://127.0.0.1:{Settings["BENCH_PORT"]}");
UseRedis(Settings["BENCH_REDIS"]);

Route("/purge").Content(async c => c.Text($"{await Cache.Purge(tag: "news")}\n"));
Route("/{**path}").Cache().To(Settings["BENCH_BACKENDS"]);
