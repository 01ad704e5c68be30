using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>The program itself, killed under load, and what its next life makes of the folder.</summary>
public class KilledGatewayTests
{
    private const int Keys = 120;

    /// <summary>From one kilobyte to more than is read at once; no two are alike.</summary>
    private static byte[] Body(string path)
    {
        var number = int.Parse(path[1..], CultureInfo.InvariantCulture);
        var line = Encoding.ASCII.GetBytes($"{path} {number * 7919} line of the body\n");
        var body = new byte[number % 2 == 0 ? 900_000 + number : 1000 + (number * 100)];
        for (var i = 0; i < body.Length; i++)
        {
            body[i] = line[i % line.Length];
        }

        return body;
    }

    [Fact]
    public async Task Killed_UnderLoad_EveryAnswerOfTheNextLifeIsWholeAndRight()
    {
        using var disk = new TestFolder();
        var asked = new ConcurrentQueue<string>();
        await using var origin = await Origin.StartAsync(async c =>
        {
            asked.Enqueue(c.Request.Path.Value!);
            c.Response.Headers.CacheControl = "max-age=3600";
            var body = Body(c.Request.Path.Value!);
            c.Response.ContentLength = body.Length % 2 == 0 ? body.Length : null;
            await c.Response.Body.WriteAsync(body);
        });
        var settings = ("appsettings.json", $$"""{ "Plugins": { "Caching": { "MemoryMegabytes": 1, "DiskMegabytes": 32, "DiskFolder": "{{disk.PathOf("cache")}}" } } }""");
        for (var life = 0; life < 5; life++)
        {
            await using var gateway = await GatewayProgram.StartAsync($$"""Route("/{**path}").Cache().To("{{origin.Address}}");""", settings);

            // What is stored is known by its host, and each life has another port.
            using var client = new HttpClient { BaseAddress = new Uri(gateway.Address), DefaultRequestHeaders = { Host = "shop.example" } };
            var handles = 0;
            if (life == 4)
            {
                // Whatever was half written is gone once all files are known.
                await TestGateway.WaitAsync(() => Directory.GetFiles(disk.Root, "tmp-*", SearchOption.AllDirectories).Length == 0);
            }

            // What the origin was not asked for in this life is of one before.
            asked.Clear();
            var answered = await LoadAsync(client, life, stopAfter: life < 4 ? 150 : 600, () =>
            {
                if (life < 4)
                {
                    using var process = System.Diagnostics.Process.GetProcessById(gateway.Id);
                    process.Kill();
                }
                else if (handles == 0)
                {
                    handles = Directory.GetFiles($"/proc/{gateway.Id}/fd").Length;
                }
            });
            Assert.True(life == 0 || answered.Except(asked).Any(), $"life {life} had nothing of the one before");
            if (life == 4)
            {
                await LoadAsync(client, 5, stopAfter: 1500, () => { });
                Assert.InRange(Directory.GetFiles($"/proc/{gateway.Id}/fd").Length, 0, handles + 60);
            }
        }
    }

    /// <summary>Eight clients ask for anything, until so many have been answered and something has happened.</summary>
    /// <returns>What was answered.</returns>
    private static async Task<ICollection<string>> LoadAsync(HttpClient client, int seed, int stopAfter, Action then)
    {
        var count = 0;
        var answered = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var over = false;
        await Parallel.ForAsync(0, 8, async (worker, stop) =>
        {
            var random = new Random((seed * 100) + worker);
            while (!Volatile.Read(ref over))
            {
                var path = $"/{random.Next(Keys)}";
                try
                {
                    using var answer = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, stop);
                    var body = await answer.Content.ReadAsByteArrayAsync(stop);
                    Assert.Equal(200, (int)answer.StatusCode);
                    Assert.True(body.AsSpan().SequenceEqual(Body(path)), $"{path} is wrong: {body.Length} bytes");
                    answered.TryAdd(path, true);
                }
                catch (Exception error) when (error is HttpRequestException or IOException && Volatile.Read(ref over))
                {
                    // It was killed.
                    return;
                }

                if (Interlocked.Increment(ref count) == stopAfter)
                {
                    Volatile.Write(ref over, true);
                    then();
                }
            }
        });
        return answered.Keys;
    }
}
