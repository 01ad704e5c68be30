// What proxy.csx promises: scriptproxy test. In memory and in virtual time; the test's own server stands in for the app.
Configuration("../proxy.csx", upstream: r => $"the app got {r.Method} {r.Target}");

Test("everything goes to the app", async gateway =>
{
    var answer = await gateway.Get("/shop?x=1");
    Equal("the app got GET /shop?x=1", answer.Text);
    Equal("http://localhost:5000", gateway.Peers.Last.Peer);
});

Test("/private wants a token", async gateway =>
{
    Equal(401, (await gateway.Get("/private/")).Status);
    Equal(200, (await gateway.Get("/private/", ("Authorization", "Bearer open-sesame"))).Status);
});

Test("/hello greets, and nobody else is asked", async gateway =>
{
    Equal("hello you\n", (await gateway.Get("/hello?name=you")).Text);
    Equal(0, gateway.Peers.Requests.Count);
});
