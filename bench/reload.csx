// Loaded some hundred times under load. Every answer names the version that made it in a header and in its body: both must be the same.
const string Version = "0";

Listen($"http://127.0.0.1:{Settings["BENCH_PORT"]}");
Admin($"http://127.0.0.1:{Settings["BENCH_ADMIN"]}");
Upstream("origin", Settings["BENCH_BACKENDS"].Split(','));
Upstream("sockets", Settings["BENCH_SOCKETS"]);

HeaderFilter(h => h.Response.Headers["X-Version"] = Version);

Route("/version").Content(c => c.Text($"version {Version}\n"));

// Through access, proxying and a body filter: the answer is under way while the version changes.
Route("/filtered/{**path}").StripPrefix("/filtered")
    .Access(async r =>
    {
        await Task.Yield();
        r.Request.Headers["X-User"] = Version;
    })
    .BodyFilter(b => b.ReplaceText("foo", $"[{Version}]"))
    .To("origin");

Route("/json").Content(c => c.Json(new Answer(Version, Shared("visits").Increment("n"))));
record Answer(string Version, long Count);

Route("/socket").To("sockets");
