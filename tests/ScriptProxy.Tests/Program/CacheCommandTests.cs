using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

/// <summary>scriptproxy cache, against a gateway in a process of its own.</summary>
public sealed class CacheCommandTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly int[] _ports = Ports.Free(2);
    private Origin _origin = null!;

    private string Address => $"http://127.0.0.1:{_ports[0]}";

    private string Admin => $"http://127.0.0.1:{_ports[1]}";

    public async ValueTask InitializeAsync() => _origin = await Origin.StartAsync(c =>
    {
        c.Response.Headers.CacheControl = "max-age=600, stale-while-revalidate=90";
        c.Response.Headers.Vary = "Accept-Language";
        c.Response.Headers.ETag = "\"e\"";
        c.Response.Headers["Cache-Tag"] = "shop, hats";
        return c.Response.WriteAsync("answer");
    });

    public async ValueTask DisposeAsync()
    {
        await _origin.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<ProgramProcess> StartAsync(string admin = "Admin(\"ADMIN\");", string cache = ".Cache()")
    {
        _folder.Write("proxy.csx", $"""
            Listen("{Address}");
            {admin.Replace("ADMIN", Admin, StringComparison.Ordinal)}
            Route("/" + "{"{**path}"}"){cache}.To("{_origin.Address}");
            """);
        var program = ProgramProcess.Start(_folder.Root, "run");
        await program.ReadyAsync();
        return program;
    }

    private async Task AskAsync(string path, string? language = null)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        if (language is not null)
        {
            client.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Language", language);
        }

        Assert.Equal("answer", await client.GetStringAsync(new Uri(Address + path)));
    }

    private Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments) => ProgramProcess.RunAsync(_folder.Root, ["cache", .. arguments]);

    private async Task FailsAsync(string told, params string[] arguments)
    {
        var (code, output, errors) = await RunAsync(arguments);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(told.Replace("THERE", Admin, StringComparison.Ordinal), errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ShowAndPurge_FindTheGatewayByItsScript()
    {
        await using var gateway = await StartAsync();
        await AskAsync("/hats");
        await AskAsync("/hats", "de");
        var (code, output, errors) = await RunAsync("show", Address + "/hats");
        Assert.Equal((0, ""), (code, errors));
        var lines = output.Split('\n').Select(l => l.Trim()).ToList();
        Assert.Equal(Address + "/hats", lines[0]);
        Assert.Matches(@"^a plain GET now: hit, fresh for another 9 min \d+ s$|^a plain GET now: hit, fresh for another 10 min 0 s$", lines[1]);
        Assert.Matches(@"^for requests +with accept-language: de$", lines.Single(l => l.Contains(" de", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(l => l.StartsWith("status ", StringComparison.Ordinal)));
        Assert.All(
            [@"for requests +without accept-language", "status +200", "state +fresh", @"lifetime +10 min 0 s, from Cache-Control: max-age=600, stale-while-revalidate=90", "grace +1 min 30 s", "validators +ETag \"e\"", "tags +shop, hats", @"body +6 bytes, \d+ bytes in memory with all around it"],
            line => Assert.Matches($"(?m)^{line}$", string.Join('\n', lines)));
        Assert.DoesNotContain('\x1b', output);
        Assert.DoesNotContain('|', output);

        Assert.Equal((0, "0 answers purged", ""), await RunAsync("purge", Address + "/coats"));
        Assert.Equal((0, "2 answers made stale", ""), await RunAsync("purge", "--url", Address + "/hats", "--soft"));
        Assert.Contains("a plain GET now: stale-while-revalidate, stale", (await RunAsync("show", Address + "/hats")).Output, StringComparison.Ordinal);
        Assert.Equal((0, "2 answers purged", ""), await RunAsync("purge", "--tag", "hats", "--prefix", Address + "/h"));
        Assert.Equal((0, $"{Address}/hats\na plain GET now: miss, nothing is stored", ""), await RunAsync("show", Address + "/hats"));
        await AskAsync("/hats");
        Assert.Equal((0, "1 answer purged", ""), await RunAsync("purge", "--all"));

        await FailsAsync("error: url '/hats' is no URL: write scheme, host", "show", "/hats");
        await FailsAsync("error: prefix '/' begins no URL", "purge", "--prefix", "/");
    }

    [Fact]
    public async Task Token_IsThatOfTheScript_OrGiven()
    {
        await using var gateway = await StartAsync("Admin(\"ADMIN\", token: \"a+b/c\");");
        Assert.Equal((0, "0 answers purged", ""), await RunAsync("purge", "--all"));
        Assert.Equal((0, "0 answers purged", ""), await RunAsync("purge", "--all", "--admin", Admin, "--token", "a+b/c"));
        await FailsAsync("error: the admin API at THERE (--admin) asks for its token: give it with --token, or in SCRIPTPROXY_ADMIN_TOKEN", "purge", "--all", "--admin", Admin);
        await FailsAsync("error: the admin API at THERE (Admin(...) of proxy.csx) does not take this token", "purge", "--all", "--token", "wrong");

        await using var told = ProgramProcess.StartFile("env", _folder.Root, [$"SCRIPTPROXY_ADMIN={Admin}", "SCRIPTPROXY_ADMIN_TOKEN=a+b/c", "dotnet", Path.Combine(AppContext.BaseDirectory, "scriptproxy.dll"), "cache", "purge", "--all", "--script", "nowhere.csx"]);
        Assert.Equal((0, "0 answers purged", ""), (await told.EndAsync(), told.Output, told.Errors));
    }

    [Fact]
    public async Task UnixSocket_IsFoundAndNamed()
    {
        var socket = _folder.PathOf("admin.sock");
        await using var gateway = await StartAsync($"Admin(\"http://unix:{socket}\");");
        Assert.Equal((0, "0 answers purged", ""), await RunAsync("purge", "--all"));
        Assert.Equal((0, "0 answers purged", ""), await RunAsync("purge", "--all", "--admin", "unix:" + socket));
        await FailsAsync($"no gateway answers at unix:{socket}x (--admin): ", "purge", "--all", "--admin", $"http://unix:{socket}x");
    }

    [Fact]
    public async Task DiskFolder_OfTheRunningGateway_IsNotInTheWay()
    {
        _folder.Write("appsettings.json", """{ "Plugins": { "Caching": { "DiskFolder": "stored" } } }""");
        await using var gateway = await StartAsync();
        await AskAsync("/hats");
        Assert.Equal((0, "1 answer purged", ""), await RunAsync("purge", "--all"));
        Assert.Equal(0, (await ProgramProcess.RunAsync(_folder.Root, "check")).Code);
    }

    [Fact]
    public async Task WhatAnswersThere_MayBeSomethingElse()
    {
        await using var gateway = await StartAsync();
        await FailsAsync($"error: what answers at {_origin.Address} (--admin) is no admin API of a gateway (status 200)", "show", Address, "--admin", _origin.Address);
        await FailsAsync("error: the gateway at THERE/elsewhere (--admin) runs without the plugin Caching, or its admin API has another path", "show", Address, "--admin", Admin + "/elsewhere");
    }

    [Fact]
    public async Task NoGateway_IsToldWithWhereItWasLookedFor()
    {
        await FailsAsync("error: which gateway? There is no proxy.csx that tells; name its admin API with --admin http://127.0.0.1:9080 or in SCRIPTPROXY_ADMIN, or its script with --script", "show", Address);
        _folder.Write("proxy.csx", $"Listen(\"{Address}\"); Admin(\"{Admin}\"); Route(\"/\").Content(c => c.Text(\"x\"));");
        await FailsAsync("error: no gateway answers at THERE (Admin(...) of proxy.csx): Connection refused", "show", Address);
        _folder.Write("proxy.csx", $"Listen(\"{Address}\"); Admin(\"http://127.0.0.1:0\"); Route(\"/\").Content(c => c.Text(\"x\"));");
        await FailsAsync("error: Admin(...) of proxy.csx has no fixed port: name the address that the gateway told when it started with --admin", "show", Address);
        _folder.Write("other.csx", $"Listen(\"{Address}\"); Route(\"/\").Content(c => c.Text(\"x\"));");
        await FailsAsync("error: other.csx opens no admin API: add the line Admin(\"http://127.0.0.1:9080\"); to it", "show", Address, "--script", "other.csx");
        _folder.Write("proxy.csx", "Listen(");
        await FailsAsync("proxy.csx(1,8): error CS", "show", Address);
    }

    [Theory]
    [InlineData("Say what is to go: a URL, --prefix, --tag, or --all for everything.", "purge")]
    [InlineData("Say what is to go", "purge", "--soft")]
    [InlineData("--all is everything: url, --prefix and --tag do not go with it.", "purge", "--all", "--tag", "a")]
    [InlineData("--all is everything", "purge", "http://a/", "--all")]
    [InlineData("The URL is given twice.", "purge", "http://a/", "--url", "http://b/")]
    [InlineData("'http://b/'", "purge", "http://a/", "http://b/")]
    [InlineData("Required argument missing", "show")]
    [InlineData("--admin is empty.", "show", "http://a/", "--admin", "")]
    [InlineData("--admin 'localhost:9080' is no address: write http://127.0.0.1:9080 or unix:/path", "show", "http://a/", "--admin", "localhost:9080")]
    [InlineData("--admin 'unix:sock': a Unix socket's path starts with '/'", "show", "http://a/", "--admin", "unix:sock")]
    public async Task WrongArguments_AreToldOnStandardError(string told, params string[] arguments) => await FailsAsync(told, arguments);
}
