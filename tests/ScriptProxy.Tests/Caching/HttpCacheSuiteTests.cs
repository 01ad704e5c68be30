using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ScriptProxy.Tests.Docs;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>The public suite http-cache-tests against a gateway with a plain <c>.Cache()</c>. Its result is kept in bench/results, so that a change of it is seen.</summary>
public class HttpCacheSuiteTests
{
    private const string Package = "http-cache-tests@0.4.5";

    private const string Kept = "bench/results/http-cache-tests.json";

    /// <summary>Rows by id: what kind each is. Those for browsers are none of a shared cache's business.</summary>
    private const string ListRows = """
        import tests from './tests/index.mjs'
        import surrogate from './tests/surrogate-control.mjs'
        const rows = {}
        for (const suite of [...tests, surrogate]) for (const test of suite.tests) if (!test.browser_only) rows[test.id] = test.kind || 'required'
        console.log(JSON.stringify(rows))
        """;

    /// <summary>Why rows fail that are required or optimal; plugins/Caching/README.md says more.</summary>
    private static readonly string[] CannotPass =
    [
        // The origin closes the connection before a byte, and the row wants 200 with the origin's own count of its requests, which nobody can know.
        "stale-close-must-revalidate", "stale-close-no-cache", "stale-close-proxy-revalidate", "stale-close-s-maxage=2",

        // The parts in these claim six bytes and have five: what has the wrong length is not stored.
        "partial-store-partial-reuse-partial", "partial-store-partial-reuse-partial-absent",
        "partial-store-partial-reuse-partial-byterange", "partial-store-partial-reuse-partial-suffix",

        // A part without a validator can be joined with no other part.
        "partial-store-partial-complete",

        // Without Last-Modified the answer's Date counts (RFC 9111, 4.3.2), and that is later than what the client asks for.
        "conditional-lm-fresh-no-lm",
    ];

    [Fact]
    public async Task HttpCacheTests_Rows_PassAsTheyDid()
    {
        var npm = Programs.Require("npm");
        var node = Programs.Require("node");
        using var folder = new TestFolder();
        folder.Write("package.json", "{}");
        (await Programs.RunAsync(npm, ["install", "--no-audit", "--no-fund", "--silent", Package], folder.Root)).Success();
        var suite = folder.PathOf("node_modules/http-cache-tests");
        var port = FreePort();
        using var server = Process.Start(new ProcessStartInfo(node, ["server/server.mjs"])
        {
            WorkingDirectory = suite,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["npm_config_protocol"] = "http", ["npm_config_port"] = port, ["npm_config_pidfile"] = folder.PathOf("pid") },
        })!;
        try
        {
            server.OutputDataReceived += static (_, _) => { };
            server.ErrorDataReceived += static (_, _) => { };
            server.BeginOutputReadLine();
            server.BeginErrorReadLine();
            await using var gateway = await CacheLab.GatewayAsync($$"""Route("/{**path}").Cache().To("http://localhost:{{port}}");""", TimeProvider.System);
            await TestGateway.WaitAsync(() => gateway.Client.GetAsync("/").GetAwaiter().GetResult().StatusCode != HttpStatusCode.BadGateway, "the suite's server");
            var run = await Programs.RunAsync(
                node, ["--no-warnings", "cli.mjs"], suite, new Dictionary<string, string>(StringComparer.Ordinal) { ["npm_config_base"] = gateway.Address, ["npm_package_config_id"] = "" });
            folder.Write("node_modules/http-cache-tests/rows.mjs", ListRows);
            var rows = await Programs.RunAsync(node, ["--no-warnings", "rows.mjs"], suite);
            Judge(Read(rows.Success()), Read(run.Success()));
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static void Judge(Dictionary<string, JsonElement> rows, Dictionary<string, JsonElement> results)
    {
        Assert.Equal(rows.Keys.Order(StringComparer.Ordinal), results.Keys.Where(rows.ContainsKey).Order(StringComparer.Ordinal));
        var table = rows
            .Select(r => (Id: r.Key, Kind: r.Value.GetString()!, Result: results[r.Key] is { ValueKind: JsonValueKind.True } ? "passes" : results[r.Key][1].GetString()!))
            .OrderBy(r => r.Kind, StringComparer.Ordinal).ThenBy(r => r.Id, StringComparer.Ordinal)
            .ToList();
        Keep(table);
        Assert.Equal(
            CannotPass.Order(StringComparer.Ordinal),
            table.Where(r => r is { Kind: not "check", Result: not "passes" }).Select(r => r.Id).Order(StringComparer.Ordinal));
    }

    private static void Keep(List<(string Id, string Kind, string Result)> table)
    {
        var text = new StringBuilder("{\n");
        foreach (var kind in table.GroupBy(r => r.Kind, StringComparer.Ordinal))
        {
            text.Append(CultureInfo.InvariantCulture, $"  \"{kind.Key}\": \"{kind.Count(r => r.Result == "passes")} of {kind.Count()}\",\n");
        }

        text.AppendJoin(",\n", table.Select(r => $"  \"{r.Kind} {r.Id}\": {JsonSerializer.Serialize(r.Result)}")).Append("\n}\n");
        var path = Repository.PathOf(Kept);
        if (!File.Exists(path) || File.ReadAllText(path) != text.ToString())
        {
            File.WriteAllText(path, text.ToString());
        }
    }

    private static Dictionary<string, JsonElement> Read(string output)
    {
        // What it logs comes before.
        var begin = output.IndexOf('{', StringComparison.Ordinal);
        return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(output[begin..])!;
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
