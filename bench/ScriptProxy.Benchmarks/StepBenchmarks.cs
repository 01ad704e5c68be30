using BenchmarkDotNet.Attributes;
using ScriptProxy.Tests.Bench;

namespace ScriptProxy.Benchmarks;

/// <summary>The steps that every request takes, one by one.</summary>
public class StepBenchmarks
{
    private readonly HotPaths _paths = new();

    [GlobalCleanup]
    public void Cleanup() => _paths.Dispose();

    [Benchmark(Description = "lease: enter and leave a generation")]
    public bool Lease() => _paths.EnterAndLeave();

    [Benchmark(Description = "call of a synchronous handler")]
    public object? Handler() => _paths.InvokeHandler();

    [Benchmark(Description = "round-robin over 4 peers")]
    public object? RoundRobin() => _paths.PickInTurn();

    [Benchmark(Description = "round-robin by weight over 4 peers")]
    public object? WeightedRoundRobin() => _paths.PickInTurnByWeight();

    [Benchmark(Description = "least-requests over 4 peers")]
    public object? LeastRequests() => _paths.PickLeastRequests();

    [Benchmark(Description = "typed state of the request")]
    public int State() => _paths.TouchState();
}
