// The routes of the caching benchmark; bench/peers/nginx-cache.conf has the same for nginx.
// ScriptProxy.Bench sets the ports in the environment.
Listen($"http://127.0.0.1:{Settings["BENCH_PORT"]}");
Admin($"http://127.0.0.1:{Settings["BENCH_ADMIN"]}");
Upstream("origin", Settings["BENCH_BACKENDS"].Split(','));
Upstream("slow", Settings["BENCH_SLOW"]);

Route("/{**path}").Cache().To("origin");
Route("/slow/{**path}").Cache().To("slow");
