// What this gateway does. It is a C# script: save a change and it is live, or you are told what is wrong and the last good one goes on.
// Everything that can be said here: docs/language.md
#load "scripts/token.csx"

Listen("http://localhost:8080");

// Two servers to put behind it. Take your own instead: Upstream("shop", "http://10.0.0.11:8080", "http://10.0.0.12:8080");
Upstream("shop", "http://127.0.0.1:18081", "http://127.0.0.1:18082");

// Balanced over both; a header filter tells which one answered, a body filter hides its internal address.
Route("/shop/{**path}")
    .HeaderFilter(h => h.Response.Headers["X-Served-By"] = h.Peer?.Name)
    .BodyFilter(b => b.ReplaceText("http://internal/", "/"))
    .To("shop");

// Only with a token: curl -H "Authorization: Bearer open-sesame" http://localhost:8080/private/
Route("/private/{**path}")
    .Access(RequireToken)
    .UpstreamRequest(u => u.Headers["X-User"] = u.Get(User))
    .To("shop");

// A file per phase: its body runs for every request.
Route("/office/{**path}").Access("scripts/office-hours.csx").To("shop");

// The script is the origin.
Route("/hello").Content(c => c.Text($"hello {c.Request.Query["name"]}\n"));

// A counter that all requests share and that reloads do not lose.
Route("/count").Content(c => c.Text($"{Shared("counters").Increment("visits")}\n"));

// The two small servers, so that there is something to see. They listen on the loopback address only; order puts them before the routes above.
foreach (var port in new[] { 18081, 18082 })
{
    Listen($"http://127.0.0.1:{port}");
    Route("/{**path}", host: $"127.0.0.1:{port}", order: -1).Content(c => c.Text(
        $"origin {port} answers {c.Request.Method} {c.Request.Path}, user '{c.Request.Headers["X-User"]}', more at http://internal/catalogue\n"));
}
