// One answer made of several, asked for at the same time (ngx.location.capture_multi).
//     #load "scripts/aggregate.csx"
//     Route("/home").Content(Home);
// A part that is not there is null: the page is still worth something without it.
using System.Text.Json.Nodes;

async Task<Verdict> Home(ContentContext c)
{
    async Task<JsonNode?> Part(string path)
    {
        await using var answer = await c.Subrequest(path);
        return answer.IsSuccess ? JsonNode.Parse(await answer.ReadTextAsync()) : null;
    }

    var user = Part("/api/user");
    var orders = Part("/api/orders");
    var offers = Part("/api/offers");
    return c.Json(new { user = await user, orders = await orders, offers = await offers });
}
