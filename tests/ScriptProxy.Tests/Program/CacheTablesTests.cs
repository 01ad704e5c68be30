using ScriptProxy.Program.Commands;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Tests.Program;

public class CacheTablesTests
{
    private static readonly CachedAnswer Answer = new()
    {
        Key = "http://a/\n=one\x1b]",
        Status = 200,
        Vary = new Dictionary<string, string?>(StringComparer.Ordinal) { ["accept-language"] = "de\x1b]0;owned\a" },
        State = "keep",
        Received = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Age = 90_000,
        Lifetime = 60,
        LifetimeFrom = "Cache-Control: max-age=60",
        FreshFor = -89_940,
        Grace = 0,
        Keep = 100_000,
        MustValidate = false,
        ForbidsStale = true,
        ETag = null,
        LastModified = null,
        Tags = [],
        Body = 2 * 1024 * 1024,
        Size = 0,
        Get = "miss",
        Why = "stale for 1 d 0 h",
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answer_WhatClientsSaid_CommandsNoTerminal(bool terminal)
    {
        var text = Written(terminal, new CachedUrl("http://a/\x1b[2J", "miss", "nothing\x9b", Fetching: true, Alone: true, [Answer]));
        Assert.Contains("""with accept-language: de\x1b]0;owned\x07""", text, StringComparison.Ordinal);
        Assert.Contains("""http://a/\x1b[2J""", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\x1b]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\x1b[2J", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\x9b', text);
    }

    [Fact]
    public void Answer_NoTerminal_IsLines()
    {
        var lines = Written(terminal: false, new CachedUrl("http://a/", "miss", "nothing is stored", Fetching: true, Alone: false, [Answer])).Split('\n');
        Assert.Equal(
            [
                "http://a/",
                "a plain GET now: miss, nothing is stored",
                "it is being fetched right now",
                "",
                """key          http://a/\x0a=one\x1b]""",
                "status       200",
                """for requests with accept-language: de\x1b]0;owned\x07""",
                "state        keep",
                "stored       2030-01-01 00:00:00 UTC",
                "age          1 d 1 h",
                "lifetime     1 min 0 s, from Cache-Control: max-age=60",
                "stale for    1 d 0 h",
                "grace        0 s",
                "keep         1 d 3 h",
                "validators   none",
                "must be      validated once it is stale",
                "tags         none",
                "body         2.0 MiB",
                "a GET now    miss, stale for 1 d 0 h",
                "",
            ],
            lines);
    }

    private static string Written(bool terminal, CachedUrl url)
    {
        var text = new StringWriter();
        CacheTables.Write(Screen.Create(text, terminal, width: 120), url);
        return text.ToString();
    }
}
