using System.Security.Cryptography;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>git over smart HTTP through the gateway.</summary>
public class GitTests
{
    [Theory]
    [InlineData("""Listen("http://127.0.0.1:0");""", "")]
    [InlineData("""Listen("https://127.0.0.1:0");""", "")]
    [InlineData("""Listen("http://127.0.0.1:0");""", """.HeaderFilter(h => h.Response.Headers["X-F"] = "1").BodyFilter(b => b.ReplaceText("never there at all", "x")).RequestBodyFilter(b => b.ReplaceText("never there at all", "x")).Log(l => { })""")]
    public async Task Git_PushesClonesAndFetches(string front, string filters)
    {
        var git = Programs.Require("git");
        using var folder = new TestFolder();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = folder.Root,
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_SSL_NO_VERIFY"] = "1",
            ["NO_PROXY"] = "*",
            ["GIT_AUTHOR_NAME"] = "tester",
            ["GIT_AUTHOR_EMAIL"] = "tester@localhost",
            ["GIT_COMMITTER_NAME"] = "tester",
            ["GIT_COMMITTER_EMAIL"] = "tester@localhost",
        };
        async Task<string> RunAsync(string where, params string[] arguments) =>
            (await Programs.RunAsync(git, arguments, folder.PathOf(where), environment)).Success().Trim();

        await RunAsync("", "init", "--quiet", "--bare", "--initial-branch=main", "repos/shop.git");
        await RunAsync("", "init", "--quiet", "--initial-branch=main", "work");
        var host = new GitOrigin(git, folder.PathOf("repos"));
        await using var origin = await Origin.StartAsync(host.AnswerAsync);
        await using var gateway = await TestGateway.StartAsync($"""Route("/git/{"{**path}"}").StripPrefix("/git").To("{origin.Address}"){filters}; {front}""");
        var remote = gateway.Address + "/git/shop.git";

        // Bigger than postBuffer, so that git sends it in chunks; random, so that it does not shrink.
        await File.WriteAllBytesAsync(folder.PathOf("work/big.bin"), RandomNumberGenerator.GetBytes(8_000_000));
        await RunAsync("work", "add", "big.bin");
        await RunAsync("work", "commit", "--quiet", "--message", "big");
        for (var n = 0; n < 40; n++)
        {
            await RunAsync("work", "commit", "--quiet", "--allow-empty", "--message", $"commit {n}");
            await RunAsync("work", "branch", $"branch-{n}");
        }

        await RunAsync("work", "-c", "http.postBuffer=65536", "push", "--quiet", "--all", remote);
        await RunAsync("", "clone", "--quiet", remote, "copy");
        Assert.Equal(await RunAsync("work", "rev-parse", "HEAD"), await RunAsync("copy", "rev-parse", "HEAD"));
        await RunAsync("copy", "fsck", "--strict");
        Assert.Equal(
            SHA256.HashData(await File.ReadAllBytesAsync(folder.PathOf("work/big.bin"))),
            SHA256.HashData(await File.ReadAllBytesAsync(folder.PathOf("copy/big.bin"))));

        folder.Write("copy/more.txt", "more\n");
        await RunAsync("copy", "add", "more.txt");
        await RunAsync("copy", "commit", "--quiet", "--message", "more");
        await RunAsync("copy", "push", "--quiet");
        await RunAsync("work", "fetch", "--quiet", remote, "main");
        Assert.Equal(await RunAsync("copy", "rev-parse", "HEAD"), await RunAsync("work", "rev-parse", "FETCH_HEAD"));

        if (filters.Length == 0)
        {
            Assert.Contains("POST /shop.git/git-receive-pack  chunked", host.Seen);
            Assert.Contains(host.Seen, s => s.StartsWith("POST /shop.git/git-upload-pack gzip", StringComparison.Ordinal));
        }
    }
}
