using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Bench;

namespace ScriptProxy.Benchmarks;

/// <summary>A whole request between a server and a peer in memory: what is over the baseline is the gateway's.</summary>
public class RequestBenchmarks
{
    private readonly ExecutionContext _connection = ExecutionContext.Capture()!;
    private InMemoryGateway _empty = null!;
    private InMemoryGateway _content = null!;
    private InMemoryGateway _proxied = null!;

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _empty = await InMemoryGateway.LoadAsync(GatewayScripts.Empty);
        _content = await InMemoryGateway.LoadAsync(GatewayScripts.Content);
        _proxied = await InMemoryGateway.LoadAsync(GatewayScripts.Proxied);

        // The pipeline is compiled in several steps, beside what runs: a few iterations would still measure the first ones.
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5))
        {
            _ = Baseline() + Empty() + Content() + Proxied();
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _empty.DisposeAsync();
        await _content.DisposeAsync();
        await _proxied.DisposeAsync();
    }

    [Benchmark(Baseline = true, Description = "no gateway")]
    public int Baseline() => _empty.AskBaseline(_connection, "/empty", static context => context.Response.StatusCode = StatusCodes.Status204NoContent);

    [Benchmark(Description = "no handlers")]
    public int Empty() => _empty.Ask(_connection, "/empty");

    [Benchmark(Description = "answered by synchronous handlers on 7 phases")]
    public int Content() => _content.Ask(_connection, "/content");

    [Benchmark(Description = "proxied through synchronous handlers on 10 phases")]
    public int Proxied() => _proxied.Ask(_connection, "/proxied");
}
