using ScriptProxy.Core.Scripting;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Tls;

namespace ScriptProxy.Tests.BadInput;

/// <summary>What is wrong with a load, as its author reads it: place, code, message, and the hint where there is one.</summary>
public class LoadErrorTests
{
    private const string End = ".Content(c => c.Text(\"\"));";

    [Theory]
    [InlineData("Route(\"/\").Content(c => c.Text(\"x\");", "proxy.csx(1,36): error CS1026: ) expected", null)]
    [InlineData("var x = 1;\nRoute(\"/\").Access(r => r.BearrToken is null ? r.Next : r.Respond(401))" + End, "proxy.csx(2,26): error CS1061: 'AccessContext' does not contain a definition for 'BearrToken'", "did you mean `BearerToken`?")]
    [InlineData("Route(\"/\").Access(r => r.Tagged(\"x\") is null ? r.Next : null)" + End, "proxy.csx(1,26): error CS1061", "`Tagged` is for Balancer; Access does not have it")]
    [InlineData("Route(\"/\").Access(r => 5)" + End, "proxy.csx(1,24): error CS0029", "answer with a verdict: `r.Next`, `r.Respond(403)` ..., or with nothing")]
    [InlineData("Route(\"/\").Access(r => \"no\")" + End, "proxy.csx(1,24): error CS0029", "answer with a verdict: `r.Next`, `r.Respond(403)` ..., or with nothing")]
    [InlineData("Cache(ttl: Seconds(1));\nRoute(\"/\")" + End, "proxy.csx(1,1): error CS1955", "`Cache` belongs to a route: write `Route(...).Cache(...)`")]
    [InlineData("Trust(\"10.0.0.0/33\");\nRoute(\"/\")" + End, "proxy.csx(1,1): error SP1012", null)]
    [InlineData("dynamic d = 1;", "proxy.csx(1,1): error SP0002: `dynamic` is not available in scripts", "name the type, or read JSON with `System.Text.Json.JsonDocument` or `JsonNode`")]
    [InlineData("static class C { public static int N = int.Parse(\"x\"); }\nvar n = C.N;", "proxy.csx(1,1): error SP1000: FormatException: The input string 'x' was not in a correct format.", null)]
    [InlineData("var a = 1;\nvar s = Settings.Secret(\"shop-tokens\");", "proxy.csx(2,1): error SP1000: InvalidOperationException: the secret 'shop-tokens' is missing: set Secrets:shop-tokens", null)]
    [InlineData("Init(async () => { await Task.Yield(); throw new FormatException(\"no database\"); });", "proxy.csx(1,1): error SP1000: FormatException: no database", null)]
    [InlineData("\nvar a = await Http.GetStringAsync(\"http://127.0.0.1:1/\");", "proxy.csx(2,1): error SP1000: HttpRequestException: Connection refused (127.0.0.1:1)", null)]
    [InlineData("Upstream(\"shop\", \"http://x\");\nRoute(\"/\")\n    .To(\"shpo\");", "proxy.csx(3,5): error SP1003: there is no upstream 'shpo'", "did you mean \"shop\"?")]
    [InlineData("Route(\"/\").To(\"shop\");", "proxy.csx(1,1): error SP1003: there is no upstream 'shop'", "declare it: Upstream(\"shop\", \"http://host:port\")")]
    [InlineData("Upstream(\"a\", \"http://x\").Balance(\"round-robbin\");", "proxy.csx(1,1): error SP1005: there is no load balancing policy 'round-robbin'", "did you mean \"round-robin\"?")]
    [InlineData("Route(\"/a/{id}\")" + End + "\nRoute(\"/A/{name}\")" + End, "proxy.csx(2,1): error SP1010: the route '/A/{name}' is there already, at proxy.csx:1", "give one of them another host, method, header, query or order")]
    [InlineData("Upstream(\"a\", \"ftp://x\");", "proxy.csx(1,1): error SP1002: 'ftp://x' is no address of a server", "write http://host:port or https://host:port")]
    [InlineData("Upstream(\"a\", \"10.0.0.1:80\");", "proxy.csx(1,1): error SP1002: '10.0.0.1:80' is no address of a server", "write http://host:port or https://host:port")]
    [InlineData("Upstream(\"a\", \"http://x:99999\");", "proxy.csx(1,1): error SP1002: 'http://x:99999' is no address of a server", "write http://host:port or https://host:port")]
    [InlineData("Upstream(\"a\", \"http://x/?q\");", "proxy.csx(1,1): error SP1002: 'http://x/?q': a server's address has neither query nor fragment nor user", null)]
    [InlineData("Upstream(\"a\");", "proxy.csx(1,1): error SP1016: the upstream 'a' has no peers", null)]
    [InlineData("Route(\"/\").To(\"htp://x\");", "proxy.csx(1,1): error SP1002: 'htp://x' is no address of a server", "write http://host:port or https://host:port")]
    [InlineData("Listen(\"8080\");", "proxy.csx(1,1): error SP1022: '8080' is no address to listen on", null)]
    [InlineData("Listen(\"http://no.such.host.invalid:8080\");", "proxy.csx(1,1): error SP1022: 'http://no.such.host.invalid:8080': listen on an IP address, localhost or *", null)]
    [InlineData("Listen(\"http://127.0.0.1:1234/path\");", "proxy.csx(1,1): error SP1022: 'http://127.0.0.1:1234/path': a listener has no path", null)]
    [InlineData("Listen(\"http://192.0.2.1:8080\");", "proxy.csx(1,1): error SP1020: cannot listen on http://192.0.2.1:8080: this machine has no address 192.0.2.1", null)]
    [InlineData("Listen(\"http://127.0.0.1:18077\");\nListen(\"http://127.0.0.1:18077\");", "proxy.csx(2,1): error SP1021: http://127.0.0.1:18077 is listened on already, at proxy.csx:1", null)]
    [InlineData("Route(\"/{id\")" + End, "proxy.csx(1,1): error SP1006: the route pattern '/{id' is wrong: There is an incomplete parameter", null)]
    [InlineData("Route(\"/{id:itn}\")" + End, "proxy.csx(1,1): error SP1006: the route pattern '/{id:itn}' is wrong: there is no constraint 'itn'", "did you mean \"int\"?")]
    [InlineData("Route(\"/{id:min(x)}\")" + End, "proxy.csx(1,1): error SP1006: the route pattern '/{id:min(x)}' is wrong: the constraint 'min(x)'", null)]
    [InlineData("Route(\"/{**a}/b\")" + End, "proxy.csx(1,1): error SP1006: the route pattern '/{**a}/b' is wrong: A catch-all parameter can only appear as the last segment", null)]
    [InlineData("Route(\"~shop\")" + End, "proxy.csx(1,1): error SP1006: the route pattern '~shop' is wrong:", null)]
    [InlineData("Route(\"/\", methods: [\"GET POST\"])" + End, "proxy.csx(1,1): error SP1006: the route '/': 'GET POST' is no method", "separate methods by commas: \"GET,HEAD\"")]
    [InlineData("Upstream(\"a\", \"http://x\");\nRoute(\"/\").Balancer(b =>\n    b.Tagged(\"x\").Pick(\"round-robbin\"))\n    .To(\"a\");", "proxy.csx(3,5): error SP1005: there is no load balancing policy 'round-robbin'", "did you mean \"round-robin\"?")]
    [InlineData("Upstream(\"a\", \"http://x\");\nRoute(\"/\").Balancer(\"scripts/pick.csx\").To(\"a\");", "scripts/pick.csx(2,1): error SP1005: there is no load balancing policy 'fastest'", null)]
    [InlineData("Trust(\"10.0.0.0/8\", \"192.168.0.0/16\");\nRoute(\"/\")" + End, "proxy.csx(1,21): error SP0104: `Trust` does not take \"192.168.0.0/16\" as well.", "call `Trust` once for each")]
    [InlineData("Route(\"/\").Access(\"scripts/token.csx\", \"scripts/five.csx\")" + End, "proxy.csx(1,40): error SP0104: `Access` does not take \"scripts/five.csx\" as well.", "call `Access` once for each")]
    [InlineData("Init(\"scripts/token.csx\");\nRoute(\"/\")" + End, "proxy.csx(1,6): error CS1503", "this takes a function, not a file: `#load` the file and name a function of it")]
    [InlineData("Every(Minutes(1), \"scripts/token.csx\");\nRoute(\"/\")" + End, "proxy.csx(1,19): error CS1503", "this takes a function, not a file: `#load` the file and name a function of it")]
    [InlineData("Budget(Seconds(1), script: \"scripts/none.csx\");\nRoute(\"/\")" + End, "proxy.csx(1,1): error SP1004: the phase file 'scripts/none.csx' does not exist", null)]
    [InlineData("Log(() => { });\nRoute(\"/\")" + End, "proxy.csx(1,8): error CS1593", "the function gets one thing: write `x => ...`, or `_ => ...` where it is not needed")]
    [InlineData("Route(\"/\").Access(\"scripts/composes.csx\")" + End, "scripts/composes.csx(2,5): error SP0105: `Route` composes the gateway, and this file runs for every request.", "say it in proxy.csx, or in a file that proxy.csx loads")]
    [InlineData("var a = 1;\nvar a = 2;\nRoute(\"/\")" + End, "proxy.csx(2,5): error CS0102: The script already contains a definition for 'a'", null)]
    [InlineData("Route(\"/\", methods: \"GET POST\")" + End, "proxy.csx(1,1): error SP1006: the route '/': 'GET POST' is no method", "separate methods by commas: \"GET,HEAD\"")]
    [InlineData("Route(\"/\").Access(\"scripts/tokn.csx\")" + End, "proxy.csx(1,1): error SP1004: the phase file 'scripts/tokn.csx' does not exist", "did you mean \"scripts/token.csx\"?")]
    [InlineData("Access(\"scripts/tokn.csx\");\nRoute(\"/\")" + End, "proxy.csx(1,1): error SP1004: the phase file 'scripts/tokn.csx' does not exist", "did you mean \"scripts/token.csx\"?")]
    [InlineData("Route(\"/\").Access(\"scripts\")" + End, "proxy.csx(1,1): error SP1004: the phase file 'scripts' is a folder", null)]
    [InlineData("Route(\"/\").Access(\"scripts/tagged.csx\")" + End, "scripts/tagged.csx(2,5): error CS0103: The name 'Tagged' does not exist", "`Tagged` is for Balancer; Access does not have it")]
    [InlineData("Route(\"/\").Access(\"scripts/five.csx\")" + End, "scripts/five.csx(1,8): error SP0003: Access answers with `Verdict`, not with `int`.", null)]
    public async Task Load_Wrong_TellsPlaceMessageLineAndHint(string proxy, string told, string? hint)
    {
        var error = Assert.Single(await TestGateway.FailAsync(
            proxy,
            ("scripts/token.csx", "return Next;"),
            ("scripts/tagged.csx", "if (Request.Path == \"/\")\n    Tagged(\"canary\");"),
            ("scripts/pick.csx", "// Pick(\"nothing\")\nreturn Pick(\"fastest\");"),
            ("scripts/composes.csx", "if (BearerToken is null)\n    Route(\"/x\");"),
            ("scripts/five.csx", "return 5;")));
        var lines = error.Format().Split('\n');
        Assert.StartsWith(told, lines[0], StringComparison.Ordinal);
        Assert.Equal(4 + error.Column - 1, lines[2].IndexOf('^', StringComparison.Ordinal));
        if (hint is not null)
        {
            Assert.Equal($"    hint: {hint}", lines[3]);
        }
    }

    [Fact]
    public async Task Settings_ThatAreNoJson_AreToldAtTheirLine()
    {
        var error = Assert.Single(await TestGateway.FailAsync("Route(\"/\").Content(c => c.Text(\"\"));", ("appsettings.json", "{\n  \"a\": 1\n  \"b\": 2\n}")));
        Assert.StartsWith("appsettings.json(3,3): error SP1001: '\"' is invalid after a value.", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_ErrorsInSeveralFiles_AreToldAtOnce()
    {
        var compiled = await TestGateway.FailAsync("#load \"a.csx\"\n#load \"b.csx\"\nint c = \"c\";", ("a.csx", "int a = \"x\""), ("b.csx", "Rooute(\"/\");"));
        Assert.Equal(["a.csx(1,9) CS0029", "a.csx(1,12) CS1002", "b.csx(1,1) CS0103", "proxy.csx(3,9) CS0029"], compiled.Select(Short));

        var composed = await TestGateway.FailAsync(
            """
            Listen("http://x.invalid:1");
            Upstream("a", "ftp://x");
            Route("/one").Access("one.csx").To("b");
            Route("/two").HeaderFilter("two.csx").Content("three.csx");
            """,
            ("one.csx", "return 5;"),
            ("two.csx", "return Respond(500);"));
        Assert.Equal(
            ["one.csx(1,8) SP0003", "proxy.csx(1,1) SP1022", "proxy.csx(2,1) SP1002", "proxy.csx(3,1) SP1003", "proxy.csx(4,1) SP1004", "two.csx(1,8) CS0103"],
            composed.Select(Short).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("none.pem", "none.key", "none.pem does not exist")]
    [InlineData("good.pem", "none.key", "none.key does not exist")]
    [InlineData("junk.pem", "good.key", "junk.pem holds neither a PEM nor a DER certificate, nor is it a PFX file")]
    [InlineData("good.pem", "other.key", "other.key does not belong to ")]
    [InlineData("good.pem", "junk.pem", "no private key in ")]
    [InlineData("good.pem", "", "cannot be read: it is a folder")]
    public async Task Certificate_Unusable_IsToldAtItsLine(string certificate, string key, string told)
    {
        using var authority = Authority();
        var error = Assert.Single(await TestGateway.FailAsync($"""
            // A line before.
            Listen("https://127.0.0.1:0", tls => tls.Certificate("x.example", "{authority.Folder}/{certificate}", "{authority.Folder}/{key}"));
            """));
        Assert.Equal(("proxy.csx", 2, "SP1024"), (error.File, error.Line, error.Code));
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x.example", "old", "old.pem expired on 2025-02-01 00:00 UTC")]
    [InlineData("y.example", "good", "good.pem is not made for y.example: clients will refuse it")]
    public async Task Certificate_Doubtful_IsAWarningAndServes(string host, string name, string told)
    {
        using var authority = Authority();
        await using var gateway = await TestGateway.StartAsync(
            $"""Listen("https://127.0.0.1:0", tls => tls.Certificate("{host}", "{authority.Folder}/{name}.pem", "{authority.Folder}/{name}.key"));""");
        var line = Assert.Single(gateway.Log.All, l => l.Contains("SP1025", StringComparison.Ordinal));
        Assert.StartsWith("proxy.csx(1,1): warning SP1025: ", line, StringComparison.Ordinal);
        Assert.Contains(told, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lookup_OfARouteWithoutCache_IsAWarningAndServes()
    {
        const string Lookups = """
            Lookup(l => l.Default);
            Route("/a").Lookup(l => l.Bypass).To("http://127.0.0.1:9");
            Route("/b").Lookup(l => l.Bypass).Cache().To("http://127.0.0.1:9");
            """;
        await using var gateway = await TestGateway.StartAsync(Lookups);
        var line = Assert.Single(gateway.Log.All, l => l.Contains("SP1031", StringComparison.Ordinal));
        Assert.StartsWith("proxy.csx(2,1): warning SP1031: the route '/a' has a Lookup handler and no cache: it decides nothing", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verdict_ThatNobodyUses_IsAWarningWithTheMissingReturn()
    {
        await using var gateway = await TestGateway.StartAsync(
            """
            Route("/a").Content(c => { c.Text("a"); });
            Route("/b").Access(async r => { await Task.Yield(); r.Respond(403); }).Content(c => c.Text("b"));
            Route("/c").Access(r => { var no = r.Respond(403); return r.BearerToken is null ? no : r.Next; }).Access("phase.csx").Content(c => { return c.Text("c"); });
            """,
            ("phase.csx", "if (Request.Path == \"/c\") Respond(404);"));
        Assert.Equal(
            [
                "phase.csx(1,27): warning SP0103: `Respond(404)` makes an answer that nobody gets: write `return Respond(404);`.",
                "proxy.csx(1,30): warning SP0103: `c.Text(\"a\")` makes an answer that nobody gets: write `return c.Text(\"a\");`.",
                "proxy.csx(2,55): warning SP0103: `r.Respond(403)` makes an answer that nobody gets: write `return r.Respond(403);`.",
            ],
            gateway.Log.All.Where(l => l.Contains("SP0103", StringComparison.Ordinal)).Select(l => l.Split('\n')[0]).Order(StringComparer.Ordinal));
    }

    private static string Short(ScriptDiagnostic d) => $"{d.File}({d.Line},{d.Column}) {d.Code}";

    private static TestAuthority Authority()
    {
        var authority = new TestAuthority();
        authority.WriteBoth("good", "x.example");
        authority.WriteBoth("other", "x.example");
        authority.WriteBoth("old", "x.example", to: new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero));
        authority.Write("junk.pem", "junk");
        return authority;
    }
}
