namespace ScriptProxy.Tests.Bench;

/// <summary>What the allocation tests and the benchmarks load.</summary>
public static class GatewayScripts
{
    /// <summary>Nothing but a route to an upstream.</summary>
    public const string Empty = """
        Upstream("origin", "http://127.0.0.1:1", "http://127.0.0.1:2");
        Route("/empty").To("origin");
        """;

    /// <summary>A synchronous handler on each phase that a script answer passes, the gateway's and the route's. The verdict is made once, or each answer would cost the script one.</summary>
    public const string Content = """
        Rewrite(r => r.Next);
        Access(r => r.Next);
        HeaderFilter(h => h.Response.Headers["X-Gateway"] = "yes");
        Verdict hello = null;
        Route("/content")
            .Rewrite(r => r.Next)
            .Access(r => r.Request.Headers["X-Token"] == "bad" ? r.Respond(403) : r.Next)
            .Content(c => hello ??= c.Text("hello\n"))
            .HeaderFilter(h => h.Response.Headers["X-Served-By"] = "script")
            .Log(l => { });
        """;

    /// <summary>A synchronous handler on each phase that a proxied answer passes, but those that the forwarder runs.</summary>
    public const string Proxied = """
        Upstream("origin", "http://127.0.0.1:1", "http://127.0.0.1:2").Balance("least-requests");
        Rewrite(r => r.Next);
        Access(r => r.Next);
        HeaderFilter(h => h.Response.Headers["X-Gateway"] = "yes");
        Log(l => { });
        Route("/proxied")
            .Rewrite(r => r.Next)
            .Access(r => r.Request.Headers["X-Token"] == "bad" ? r.Respond(403) : r.Next)
            .Lookup(l => l.Default)
            .Balancer(b => b.Peers.Count > 9 ? b.Peers[0] : null)
            .HeaderFilter(h => h.Response.Headers["X-Served-By"] = h.Peer.Name)
            .Log(l => { })
            .To("origin");
        """;
}
