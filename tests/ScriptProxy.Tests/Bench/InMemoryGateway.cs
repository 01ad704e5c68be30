using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Bench;

/// <summary>
/// A compiled proxy.csx between a server and a peer that are both in memory: what a request costs here, beside <see cref="AskBaseline"/>, is the gateway's.
/// Driven by the allocation tests, and by the benchmarks.
/// </summary>
public sealed class InMemoryGateway : IAsyncDisposable
{
    private readonly TestFolder _folder;
    private readonly SharedState _shared;
    private readonly Generation _generation;
    private readonly ServiceProvider _services;
    private readonly GatewayApplication _application;
    private readonly InMemoryRequest _request = new();
    private readonly DefaultHttpContext _bare = new();

    private InMemoryGateway(TestFolder folder, SharedState shared, Generation generation)
    {
        _folder = folder;
        _shared = shared;
        _generation = generation;
        _services = new ServiceCollection().BuildServiceProvider();
        var current = new CurrentSnapshot();
        current.Swap(generation.Snapshot);
        _application = new GatewayApplication(current, TimeProvider.System, _services.GetRequiredService<IServiceScopeFactory>());
    }

    public static async Task<InMemoryGateway> LoadAsync(string proxy)
    {
        var folder = new TestFolder();
        folder.Write("proxy.csx", proxy + "\nListen(\"http://127.0.0.1:0\");\n");
        var setup = new GatewaySetup(folder.PathOf("proxy.csx"), CacheFolder: TestFolder.SharedCache);
        var shared = new SharedState(TimeProvider.System);
        var compiler = ScriptEngine.Create(setup, TimeProvider.System, NullLogger.Instance);
        var builder = new GenerationBuilder(shared, new AnsweringForwarder(), compiler, NullLoggerFactory.Instance, setup);
        var generation = await builder.BuildAsync(1, new FileState(), init: true, CancellationToken.None);
        return new InMemoryGateway(folder, shared, generation);
    }

    /// <summary>One request as Kestrel runs it on a keep-alive connection: each begins in the connection's execution context.</summary>
    /// <param name="connection">The execution context of the connection.</param>
    /// <param name="path">A path without parameters in its route: their values would be ASP.NET's allocations.</param>
    /// <returns>The answer's status; 0 when a handler did not complete synchronously.</returns>
    public int Ask(ExecutionContext connection, string path)
    {
        ExecutionContext.Restore(connection);
        _request.Reset(path);
        var exchange = _application.CreateContext(_request);
        var run = _application.ProcessRequestAsync(exchange);
        var completed = run.IsCompletedSuccessfully;
        if (!completed)
        {
            // A handler that is new has its first runs on the pool.
            ((IAsyncResult)run).AsyncWaitHandle.WaitOne();
        }

        _ = _request.StartAsync();
        _application.DisposeContext(exchange, exception: null);
        return completed ? _request.StatusCode : 0;
    }

    /// <summary>The same request and answer without a gateway.</summary>
    /// <param name="connection">The execution context of the connection.</param>
    /// <param name="path">As for the gateway.</param>
    /// <param name="answer">Writes the answer.</param>
    public int AskBaseline(ExecutionContext connection, string path, Action<HttpContext> answer)
    {
        ExecutionContext.Restore(connection);
        _request.Reset(path);
        _bare.Initialize(_request);
        answer(_bare);
        _ = _request.StartAsync();
        _bare.Uninitialize();
        return _request.StatusCode;
    }

    /// <summary>How much the last answer's body had.</summary>
    public long BytesWritten => _request.BytesWritten;

    public async ValueTask DisposeAsync()
    {
        await _generation.AbandonAsync(NullLogger.Instance);
        _shared.Dispose();
        await _services.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Stands for every peer: answers 204 at once.</summary>
    private sealed class AnsweringForwarder : IForwarder
    {
        public ValueTask<ForwardOutcome> ForwardAsync(Exchange exchange, Upstream upstream, Peer peer)
        {
            exchange.Http.Response.StatusCode = StatusCodes.Status204NoContent;
            return new ValueTask<ForwardOutcome>(ForwardOutcome.Done);
        }
    }
}
