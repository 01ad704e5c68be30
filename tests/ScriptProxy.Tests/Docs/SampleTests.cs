using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Docs;

/// <summary>Every C# sample of the documentation is built by a gateway, with stand-ins for the servers and files that it speaks of.</summary>
public partial class SampleTests
{
    public static TheoryData<string> Pages => [.. Pages_()];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Samples_OfThePage_AreBuilt(string page)
    {
        var samples = Fence.Of(page).Where(f => f.Language == "csharp").ToList();
        var wrong = new List<string>();
        foreach (var sample in samples)
        {
            if (await BuildAsync(sample) is { } error)
            {
                wrong.Add($"{sample}: {error}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task BrokenSample_IsFound()
    {
        Assert.NotNull(await BuildAsync(new Fence("README.md", 1, "csharp", "Route(\"/\").Conten(c => c.Text(\"x\"));\n")));
        Assert.NotNull(await BuildAsync(new Fence("docs/language.md", 1, "csharp", "// scripts/only-from-home.csx\nreturn Responds(403);\n")));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_OfThePage_LeadSomewhere(string page)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(page))!;
        foreach (Match link in Link().Matches(Repository.Read(page)))
        {
            var target = link.Groups["it"].Value;
            if (target.Contains("://", StringComparison.Ordinal))
            {
                continue;
            }

            var (path, anchor) = target.Split('#') is [var p, var a] ? (p, a) : (target, "");
            var file = path.Length == 0 ? Repository.PathOf(page) : Path.Combine(folder, path);
            Assert.True(Path.Exists(file), $"{page}: {target} does not exist");
            if (anchor.Length > 0)
            {
                var headings = File.ReadLines(file).Where(l => l.StartsWith('#')).Select(l => l.TrimStart('#', ' ').ToLowerInvariant().Replace(' ', '-'));
                Assert.True(headings.Contains(anchor, StringComparer.Ordinal), $"{page}: {target} has no such heading");
            }
        }
    }

    private static IEnumerable<string> Pages_() => ["README.md", .. Repository.Files("docs", "*.md"), .. Repository.Files("plugins", "README.md")];

    /// <returns>What is wrong with it; null where nothing is.</returns>
    private static async Task<string?> BuildAsync(Fence sample)
    {
        using var folder = new TestFolder();
        foreach (var (name, text) in ScriptExampleTests.Examples())
        {
            folder.Write(name, text);
        }

        var proxy = sample.Text;
        if (sample.FileName is { } file and not "proxy.csx")
        {
            folder.Write(file, sample.Text);

            // The page says of which phase it is a file.
            var verb = new Regex($@"\b(?<it>[A-Z]\w+)\(""{Regex.Escape(file)}""\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Match(Repository.Read(sample.Page));
            if (!verb.Success)
            {
                return $"the page does not say how {file} is used";
            }

            proxy = $"{verb.Groups["it"].Value}(\"{file}\");\n";
        }

        proxy += StandIns(proxy, folder);
        folder.Write("proxy.csx", proxy);
        await using var gateway = new GatewayProcess(
            new GatewaySetup(folder.PathOf("proxy.csx"), CacheFolder: TestFolder.SharedCache), NullLoggerFactory.Instance, TimeProvider.System);
        try
        {
            return await gateway.Host.CheckAsync(_ => (string?)null, CancellationToken.None);
        }
        catch (ScriptException error)
        {
            return string.Join('\n', error.Diagnostics);
        }
    }

    private static string StandIns(string proxy, TestFolder folder)
    {
        var more = "";
        if (!proxy.Contains("Listen(", StringComparison.Ordinal))
        {
            more += "Listen(\"http://127.0.0.1:0\");\n";
        }

        foreach (var name in Names(To(), proxy).Where(n => !n.Contains("://", StringComparison.Ordinal) && !proxy.Contains($"Upstream(\"{n}\"", StringComparison.Ordinal)))
        {
            more += $"Upstream(\"{name}\", \"http://127.0.0.1:9\").Peer(\"http://127.0.0.1:10\");\n";
        }

        foreach (var script in Names(Script(), proxy).Where(s => !File.Exists(folder.PathOf(s))))
        {
            folder.Write(script, "");
        }

        foreach (var root in Names(Root(), proxy))
        {
            folder.Write(root + "/index.html", "");
        }

        foreach (var library in Names(Library(), proxy))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.PathOf(library))!);
            File.Copy(Path.Combine(AppContext.BaseDirectory, Path.GetFileName(library)), folder.PathOf(library));
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=stand-in", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        foreach (var pem in Names(Pem(), proxy))
        {
            folder.Write(pem, pem.EndsWith(".key", StringComparison.Ordinal) ? key.ExportPkcs8PrivateKeyPem() : certificate.ExportCertificatePem());
        }

        folder.Write("appsettings.json", JsonSerializer.Serialize(new { Secrets = Names(Secret(), proxy).ToDictionary(n => n, _ => "a secret that stands in", StringComparer.Ordinal) }));
        return more;
    }

    private static IEnumerable<string> Names(Regex call, string text) => call.Matches(text).Select(m => m.Groups["it"].Value).Distinct(StringComparer.Ordinal);

    [GeneratedRegex(@"\]\((?<it>[^)\s]+)\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"\.To\(""(?<it>[^""]+)""\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex To();

    [GeneratedRegex(@"""(?<it>[\w./-]+\.csx)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Script();

    [GeneratedRegex(@"\.Files\(""(?<it>[^""]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Root();

    [GeneratedRegex(@"#r ""(?<it>[\w./-]+\.dll)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Library();

    [GeneratedRegex(@"""(?<it>certs/[\w.-]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pem();

    [GeneratedRegex(@"Secret\(""(?<it>[^""]+)""\)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();
}
