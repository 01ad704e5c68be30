using CsCheck;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Tests.Caching;

/// <summary>Random requests, changes, purges, errors and time against a model of one line: what was fetched less than ten seconds ago and not purged since, or what the origin says now.</summary>
public class CacheModelTests
{
    private const int Fresh = 10;

    [Fact]
    public async Task RandomSequences_NeverYieldWhatTheModelForbids()
    {
        var version = 1;
        var broken = false;
        await using var lab = await CacheLab.StartAsync(
            c =>
            {
                c.Response.StatusCode = broken ? 500 : 200;
                c.Response.Headers.CacheControl = broken ? default : $"max-age={Fresh}";
                c.Response.Headers.ETag = $"\"{version}\"";
                if (!broken && c.Request.Headers.IfNoneMatch == $"\"{version}\"")
                {
                    c.Response.StatusCode = 304;
                    return Task.CompletedTask;
                }

                return HttpMethods.IsHead(c.Request.Method) ? Task.CompletedTask : c.Response.WriteAsync(broken ? "broken" : $"v{version}");
            },
            """
            Route("/purge").Content(async c => c.Text($"{await Cache.Purge($"http://{c.Request.Host}{c.Request.Query["path"]}", soft: c.Request.Query.ContainsKey("soft"))}"));
            Route("/{**path}").Cache(keep: Seconds(0)).To("ORIGIN");
            """);
        var sample = 0;
        Gen.Select(Gen.Int[0, 11], Gen.Int[0, 2], Gen.Int[1, 7]).Array[1, 40].Sample(
            steps =>
            {
                version = 1;
                broken = false;
                RunAsync(lab, Interlocked.Increment(ref sample), steps, () => version++, () => broken = !broken, () => broken ? "broken" : $"v{version}").GetAwaiter().GetResult();
            },
            iter: 40,
            threads: 1);
    }

    private static async Task RunAsync(CacheLab lab, int sample, (int Op, int Path, int Seconds)[] steps, Action change, Action breakOrMend, Func<string> now)
    {
        var known = new Dictionary<string, (string Text, DateTimeOffset Until)>(StringComparer.Ordinal);
        foreach (var (op, number, seconds) in steps)
        {
            var path = $"/{sample}/{number}";
            switch (op)
            {
                case 0:
                    change();
                    break;
                case 1:
                    breakOrMend();
                    break;
                case 2 or 3:
                    lab.Time.Advance(TimeSpan.FromSeconds(seconds));
                    break;
                case 4:
                    await lab.GetAsync($"/purge?path={path}");
                    known.Remove(path);
                    break;
                case 5:
                    await lab.GetAsync($"/purge?path={path}&soft");
                    known.Remove(path);
                    break;
                case 6:
                    // A POST that fails changes nothing.
                    await lab.SendAsync(HttpMethod.Post, path);
                    if (now() != "broken")
                    {
                        known.Remove(path);
                    }

                    break;
                default:
                    var expected = known.TryGetValue(path, out var held) && lab.Time.GetUtcNow() < held.Until ? held.Text : now();
                    var reply = op == 7 ? await lab.GetAsync(path, ("Cache-Control", "no-cache")) : await lab.GetAsync(path);
                    expected = op == 7 ? now() : expected;
                    Assert.Equal(expected, reply.Text);
                    if (expected == now() && expected != "broken" && (op == 7 || held.Text is null || lab.Time.GetUtcNow() >= held.Until))
                    {
                        known[path] = (expected, lab.Time.GetUtcNow() + TimeSpan.FromSeconds(Fresh));
                    }

                    break;
            }
        }
    }
}
