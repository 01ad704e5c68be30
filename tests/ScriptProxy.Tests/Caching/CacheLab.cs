using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>A gateway with plugins/Caching, an origin behind it that counts, and a clock that stands still until it is moved.</summary>
internal sealed class CacheLab : IAsyncDisposable
{
    private readonly Origin _origin;
    private readonly ConcurrentQueue<string> _asked;

    private CacheLab(Origin origin, TestGateway gateway, FakeTimeProvider time, ConcurrentQueue<string> asked)
    {
        _origin = origin;
        _asked = asked;
        Gateway = gateway;
        Time = time;
    }

    internal TestGateway Gateway { get; }

    internal FakeTimeProvider Time { get; }

    internal HttpClient Client => Gateway.Client;

    /// <summary>What the origin was asked, as "METHOD path".</summary>
    internal IReadOnlyList<string> Asked => [.. _asked];

    /// <summary>How many requests are under way; the host holds a lease as well.</summary>
    internal long UnderWay => Gateway.Host.Current!.Snapshot.Gate.Leases - 1;

    /// <param name="answer">The origin's.</param>
    /// <param name="proxy">The script; ORIGIN stands for the origin's address. Everything cached plainly unless given.</param>
    /// <param name="files">Other files.</param>
    internal static async Task<CacheLab> StartAsync(RequestDelegate answer, string proxy = """Route("/{**path}").Cache().To("ORIGIN");""", params (string Name, string Text)[] files)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var asked = new ConcurrentQueue<string>();
        var origin = await Origin.StartAsync(context =>
        {
            asked.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
            context.Response.Headers.Date = time.GetUtcNow().ToString("r", CultureInfo.InvariantCulture);
            return answer(context);
        });
        try
        {
            return new CacheLab(origin, await GatewayAsync(proxy.Replace("ORIGIN", origin.Address, StringComparison.Ordinal), time, files), time, asked);
        }
        catch
        {
            await origin.DisposeAsync();
            throw;
        }
    }

    internal static Task<TestGateway> GatewayAsync(string proxy, TimeProvider time, params (string Name, string Text)[] files) =>
        TestGateway.StartAsync(proxy, time, files);

    /// <summary>An origin that says of everything for how long it is fresh, and how often it was asked.</summary>
    internal static RequestDelegate Counting(string cacheControl)
    {
        var count = 0;
        return context =>
        {
            context.Response.Headers.CacheControl = cacheControl;
            return context.Response.WriteAsync($"answer {Interlocked.Increment(ref count).ToString(CultureInfo.InvariantCulture)}");
        };
    }

    internal Task<Reply> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, headers);

    internal async Task<Reply> SendAsync(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, path, headers);
        using var answer = await Client.SendAsync(request);
        return new Reply(
            (int)answer.StatusCode,
            await answer.Content.ReadAsStringAsync(),
            answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    internal static HttpRequestMessage Request(HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _origin.DisposeAsync();
    }
}

internal sealed record Reply(int Status, string Text, IReadOnlyDictionary<string, string> Headers)
{
    internal string? this[string header] => Headers.GetValueOrDefault(header);
}
