// What proxy.csx promises: scriptproxy test (dotnet run --project src/ScriptProxy test). In memory and in virtual time, no port is opened.
// Everything that can be said here: docs/testing.md

Test("the shop is balanced over both servers, which hide their internal address", async gateway =>
{
    var first = await gateway.Get("/shop/hats");
    var second = await gateway.Get("/shop/hats");
    Equal("origin 18081 answers GET /shop/hats, user '', more at /catalogue\n", first.Text);
    Equal("127.0.0.1:18082", second.Headers["X-Served-By"]);
});

Test("/private wants a token, and tells the server who shows one", async () =>
{
    // The test's own server in place of the one at that address.
    var gateway = await Load(new TestPeers().On("127.0.0.1:18081", r => $"user {r.Headers["X-User"]}"));
    Equal(401, (await gateway.Get("/private/")).Status);

    var answer = await gateway.Get("/private/", ("Authorization", "Bearer open-sesame"));
    Equal("user holder of open...", answer.Text);
    Contains("Access proxy.csx:18 -> Next", answer.Trace.ToString());
});

Test("the office is closed at night", async () =>
{
    var gateway = await Load(options: new TestOptions { Start = new DateTimeOffset(2026, 6, 1, 17, 59, 0, TimeSpan.Zero) });
    Equal(200, (await gateway.Get("/office/")).Status);
    await gateway.Advance(Minutes(1));
    Equal(503, (await gateway.Get("/office/")).Status);
});

Test("the counter outlives a reload", async gateway =>
{
    Equal("1\n", (await gateway.Get("/count")).Text);
    await gateway.Reload();
    Equal("2\n", (await gateway.Get("/count")).Text);
});
