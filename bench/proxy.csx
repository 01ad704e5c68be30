// The routes that are measured; bench/peers/nginx-lua.conf has the same for nginx with Lua.
// ScriptProxy.Bench sets the ports in the environment.
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

Listen($"http://127.0.0.1:{Settings["BENCH_PORT"]}");
Upstream("origin", Settings["BENCH_BACKENDS"].Split(','));

Route("/").To("origin");
Route("/big/{**path}").StripPrefix("/big").To("origin");

Route("/script/{**path}").StripPrefix("/script")
    .Access(r =>
    {
        var token = r.Request.Headers["X-Token"].ToString();
        if (token == "bad")
            return r.Respond(403);

        r.Request.Headers["X-User"] = "u-" + token;
        return r.Next;
    })
    .HeaderFilter(h => h.Response.Headers["X-Gateway"] = "scripted")
    .To("origin");

Route("/content").Content(c => c.Text("hello world\n"));

var visits = Shared("visits");
Route("/count").Content(c => c.Text($"{visits.Increment("n")}\n"));

Route("/body/{**path}").StripPrefix("/body").BodyFilter(b => b.ReplaceText("foo", "bar!")).To("origin");

record Item(string Sku, string Name, double Price, int Count);
record Order(string Id, string Customer, string Address, List<Item> Items, double Total = 0);

Route("/json", methods: "POST").Content(async c =>
{
    var order = await c.ReadJsonAsync<Order>();
    var items = order.Items.FindAll(i => i.Price > 10);
    return c.Json(order with { Items = items, Total = items.Sum(i => i.Price * i.Count) });
});

var key = Encoding.UTF8.GetBytes("secret");
Route("/signed/{**path}").StripPrefix("/signed")
    .Access(r =>
    {
        string expires = r.Request.Query["e"], given = r.Request.Query["s"];
        if (given is null || !long.TryParse(expires, out var at) || at < r.Time.GetUtcNow().ToUnixTimeSeconds())
            return r.Respond(403);

        var signature = HMACSHA1.HashData(key, Encoding.UTF8.GetBytes(r.Request.Path + expires));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Convert.ToBase64String(signature)), Encoding.UTF8.GetBytes(given))
            ? r.Next
            : r.Respond(403);
    })
    .To("origin");

var kinds = Enumerable.Range(1, 19).Select(n => $"^/regex/v{n}/(?<kind>[a-z]+)/([0-9]+)$")
    .Append(@"^/regex/(?<kind>[a-z]+)/([0-9]+)\.txt$")
    .Select(pattern => new Regex(pattern, RegexOptions.Compiled))
    .ToArray();
Route("/regex/{**path}")
    .Access(r =>
    {
        var path = r.Request.Path.Value;
        foreach (var kind in kinds)
        {
            if (kind.Match(path) is { Success: true } found)
            {
                r.Request.Headers["X-Kind"] = found.Groups["kind"].Value;
                break;
            }
        }

        r.Request.Path = "/1k.txt";
        return r.Next;
    })
    .To("origin");
