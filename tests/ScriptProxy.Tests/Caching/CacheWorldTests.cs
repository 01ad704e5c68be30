using System.Globalization;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>
/// Random requests of all kinds, changes, failures, purges and restarts over a disk. The model knows what the origin has said and when, and what may be served
/// of it; that nothing is stored is always allowed.
/// </summary>
public class CacheWorldTests
{
    private const int Fresh = 10;
    private const int StaleIfError = 20;

    private enum Origins
    {
        Answers,
        Says503,
        Breaks,
    }

    private sealed class World
    {
        internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

        internal int Version { get; set; } = 1;

        internal Origins Origin { get; set; }

        internal int Asked { get; set; }

        /// <summary>By path and language: the version that the origin named last, when, and whether it was made stale since.</summary>
        internal Dictionary<(string Path, string Language), (int Version, DateTimeOffset At, bool Soft)> Known { get; } = [];

        /// <summary>What it said before: a client may have the new answer a moment before the store has it.</summary>
        internal Dictionary<(string Path, string Language), (int Version, DateTimeOffset At, bool Soft)> Replaced { get; } = [];

        internal Task AnswerAsync(HttpContext c)
        {
            Asked++;
            c.Response.Headers.Date = Time.GetUtcNow().ToString("r", CultureInfo.InvariantCulture);
            if (Origin != Origins.Answers)
            {
                c.Response.StatusCode = 503;
                if (Origin == Origins.Breaks)
                {
                    c.Abort();
                }

                return Task.CompletedTask;
            }

            if (HttpMethods.IsPost(c.Request.Method))
            {
                return Task.CompletedTask;
            }

            var language = c.Request.Headers["X-Lang"].ToString();
            var key = (c.Request.Path.Value!, language);
            if (Known.TryGetValue(key, out var last))
            {
                Replaced[key] = last;
            }

            Known[key] = (Version, Time.GetUtcNow(), false);
            c.Response.Headers.CacheControl = $"max-age={Fresh}, stale-if-error={StaleIfError}";
            c.Response.Headers.ETag = $"\"{Version}{language}\"";
            c.Response.Headers.Vary = "X-Lang";
            if (c.Request.Headers.IfNoneMatch == $"\"{Version}{language}\"")
            {
                c.Response.StatusCode = 304;
                return Task.CompletedTask;
            }

            var text = Text(Version, language);
            c.Response.ContentLength = text.Length;
            return HttpMethods.IsHead(c.Request.Method) ? Task.CompletedTask : c.Response.WriteAsync(text);
        }

        internal void Purge(string path, bool soft)
        {
            foreach (var key in Replaced.Keys.Where(k => k.Path == path).ToList())
            {
                Replaced.Remove(key);
            }

            foreach (var (key, known) in Known.Where(k => k.Key.Path == path).ToList())
            {
                if (soft)
                {
                    Known[key] = known with { Soft = true };
                }
                else
                {
                    Known.Remove(key);
                }
            }
        }
    }

    /// <remarks>Large enough that it stays on the disk for some versions.</remarks>
    private static string Text(int version, string language) => $"version {version} for {language} " + new string('x', version % 3 == 0 ? 300_000 : 10);

    [Fact]
    public void AnythingInAnyOrder_NeverYieldsWhatTheModelForbids() =>
        Gen.Select(Gen.Int[0, 31], Gen.Int[0, 1], Gen.Int[0, 1], Gen.Int[1, 9]).Array[10, 60].Sample(steps => RunAsync(steps).GetAwaiter().GetResult(), iter: 40, threads: 1);

    private static async Task RunAsync((int Op, int Path, int Language, int Seconds)[] steps)
    {
        var world = new World();
        using var disk = new TestFolder();
        await using var origin = await Harness.Origin.StartAsync(world.AnswerAsync);
        var settings = ("appsettings.json", $$"""{ "Plugins": { "Caching": { "MemoryMegabytes": 1, "DiskFolder": "{{disk.PathOf("cache")}}" } } }""");
        var proxy = $$"""
            Route("/purge").Content(async c => c.Text($"{await Cache.Purge("http://a" + c.Request.Query["path"], soft: c.Request.Query.ContainsKey("soft"))}"));
            Route("/{**path}").Cache().To("{{origin.Address}}");
            """;
        var gateway = await CacheLab.GatewayAsync(proxy, world.Time, settings);
        try
        {
            foreach (var (op, number, which, seconds) in steps)
            {
                var (path, language) = ($"/{number}", which == 0 ? "en" : "de");
                switch (op)
                {
                    case < 2:
                        await gateway.DisposeAsync();
                        gateway = await CacheLab.GatewayAsync(proxy, world.Time, settings);
                        break;
                    case < 4:
                        world.Version++;
                        break;
                    case < 6:
                        world.Origin = (Origins)(seconds % 3);
                        break;
                    case < 12:
                        world.Time.Advance(TimeSpan.FromSeconds(seconds));
                        break;
                    case < 15:
                        var soft = op < 14;
                        await AskAsync(gateway, HttpMethod.Get, $"/purge?path={path}{(soft ? "&soft" : "")}");
                        world.Purge(path, soft);
                        break;
                    case 15:
                        await AskAsync(gateway, HttpMethod.Post, path);
                        if (world.Origin == Origins.Answers)
                        {
                            world.Purge(path, soft: false);
                        }

                        break;
                    default:
                        await CheckAsync(world, gateway, path, language, op);
                        break;
                }
            }
        }
        finally
        {
            await gateway.DisposeAsync();
        }
    }

    private static async Task CheckAsync(World world, TestGateway gateway, string path, string language, int op)
    {
        var (method, extra) = op switch
        {
            16 => (HttpMethod.Get, "Cache-Control: no-cache"),
            17 => (HttpMethod.Get, "Cache-Control: max-age=3"),
            18 => (HttpMethod.Get, "Cache-Control: max-stale=5"),
            19 => (HttpMethod.Get, "Range: bytes=2-8"),
            20 => (HttpMethod.Get, "If-None-Match: *"),
            21 or 22 => (HttpMethod.Head, ""),
            _ => (HttpMethod.Get, ""),
        };
        var before = world.Known.TryGetValue((path, language), out var held) ? held : default;
        var asked = world.Asked;
        var now = world.Time.GetUtcNow();
        var (status, text, headers) = await AskAsync(gateway, method, path, $"X-Lang: {language}", extra);
        if (status is 502 or 503)
        {
            Assert.NotEqual(Origins.Answers, world.Origin);
            return;
        }

        var allowed = new List<(int Version, DateTimeOffset At, bool Soft)>();
        if (MayBeServed(before))
        {
            allowed.Add(before);
        }

        if (world.Replaced.TryGetValue((path, language), out var older) && MayBeServed(older))
        {
            allowed.Add(older);
        }

        var named = int.Parse(headers["ETag"].Trim('"')[..^2], CultureInfo.InvariantCulture);
        Assert.Contains(named, allowed.Select(a => a.Version).Concat(world.Origin == Origins.Answers ? [world.Version] : []));
        Assert.Equal($"\"{named}{language}\"", headers["ETag"]);
        var whole = Text(named, language);
        var expected = method == HttpMethod.Head || status == 304 ? "" : status == 206 ? whole[2..9] : whole;
        Assert.Equal(expected, text);
        Assert.True(status is 200 || (status == 206 && extra.StartsWith("Range", StringComparison.Ordinal)) || (status == 304 && extra.StartsWith("If-None", StringComparison.Ordinal)), $"status {status}");
        if (world.Asked == asked)
        {
            // Nobody else can know it.
            Assert.Contains(headers["Age"], allowed.Where(a => a.Version == named).Select(a => ((long)AgeOf(a)).ToString(CultureInfo.InvariantCulture)));
        }

        double AgeOf((int Version, DateTimeOffset At, bool Soft) one) => (now - one.At).TotalSeconds;

        bool MayBeServed((int Version, DateTimeOffset At, bool Soft) one)
        {
            if (one.Version == 0)
            {
                return false;
            }

            var age = AgeOf(one);
            var fresh = !one.Soft && age < Fresh && !(extra.EndsWith("max-age=3", StringComparison.Ordinal) && age > 3);
            var standsIn = world.Origin != Origins.Answers && age < Fresh + StaleIfError;
            var tolerated = extra.EndsWith("max-stale=5", StringComparison.Ordinal) && (one.Soft || age <= Fresh + 5);
            return extra != "Cache-Control: no-cache" && (fresh || standsIn || tolerated);
        }
    }

    private static async Task<(int Status, string Text, Dictionary<string, string> Headers)> AskAsync(TestGateway gateway, HttpMethod method, string path, params string[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Host = "a";
        foreach (var header in headers.Where(h => h.Length > 0))
        {
            request.Headers.TryAddWithoutValidation(header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(':', StringComparison.Ordinal) + 2)..]);
        }

        using var answer = await gateway.Client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.NonValidated.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase));
    }
}
