using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;
using ScriptProxy.Testing.Clock;

namespace ScriptProxy.Testing.Recording;

/// <summary>Keeps what a gateway does: which handlers run, for which request, and what is logged.</summary>
internal sealed class Recorder(string baseFolder, Stillness stillness) : ITrace, ILoggerFactory
{
    private readonly ConcurrentQueue<PhaseStep> _steps = new();
    private readonly ConcurrentQueue<LogRecord> _log = new();
    private readonly ConcurrentDictionary<string, ExchangeRecord> _open = new(StringComparer.Ordinal);

    internal PhaseTrace Trace => new([.. _steps]);

    internal IReadOnlyList<LogRecord> Log => [.. _log];

    internal IHttpApplication<Exchange> Watch(IHttpApplication<Exchange> application) => new Application(application, this);

    public void HandlerRan(ExchangeState exchange, string phase, ScriptLocation source, object? answer, Exception? error)
    {
        var http = exchange.Http;
        var verdict = answer switch
        {
            Peer peer => peer.Name,
            not null => answer.ToString(),
            null when error is null && phase is "Rewrite" or "Access" or "Error" => nameof(Verdict.Next),
            _ => null,
        };
        var step = new PhaseStep(phase, ScriptPaths.Display(source, baseFolder), verdict, error is null ? null : ScriptErrors.Unwrap(error), $"{http.Request.Method} {http.Request.Path}");
        _steps.Enqueue(step);

        // A subrequest has the identifier of the request that asked for it.
        if (_open.TryGetValue(http.TraceIdentifier, out var record))
        {
            record.Add(step);
        }
    }

    public void TimerBegins(ScriptLocation source) => stillness.Begin();

    public void TimerEnded(ScriptLocation source, Exception? error)
    {
        _steps.Enqueue(new PhaseStep("Timer", ScriptPaths.Display(source, baseFolder), Verdict: null, error is null ? null : ScriptErrors.Unwrap(error), Request: null));
        stillness.End();
    }

    public void AddProvider(ILoggerProvider provider)
    {
        // All goes here.
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, this);

    public void Dispose()
    {
        // Nothing is held.
    }

    /// <summary>Stands between the server and the pipeline.</summary>
    private sealed class Application(IHttpApplication<Exchange> inner, Recorder owner) : IHttpApplication<Exchange>
    {
        public Exchange CreateContext(IFeatureCollection contextFeatures)
        {
            var record = new ExchangeRecord(contextFeatures.GetRequiredFeature<IHttpRequestIdentifierFeature>().TraceIdentifier);
            contextFeatures.Set(record);
            contextFeatures.Get<RequestTag>()?.Take(record);
            owner._open[record.Id] = record;
            owner.Stillness.Begin();
            return inner.CreateContext(contextFeatures);
        }

        public Task ProcessRequestAsync(Exchange context) => inner.ProcessRequestAsync(context);

        public void DisposeContext(Exchange context, Exception? exception)
        {
            var features = context.Http.Features;
            var record = features.GetRequiredFeature<ExchangeRecord>();
            record.Route = context.Route.Pattern;
            record.Peer = context.Peer?.Name;
            record.Attempts = context.Attempts;
            owner._open.TryRemove(record.Id, out _);
            inner.DisposeContext(context, exception);
            owner.Stillness.End();
            record.End();
        }
    }

    private Stillness Stillness => stillness;

    private sealed class Logger(string category, Recorder owner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        // The servers' and the forwarder's own words are of no use to a test.
        public bool IsEnabled(LogLevel logLevel) =>
            logLevel >= (category.StartsWith("ScriptProxy", StringComparison.Ordinal) ? LogLevel.Debug : category.StartsWith("Yarp", StringComparison.Ordinal) ? LogLevel.None : LogLevel.Warning);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner._log.Enqueue(new LogRecord(logLevel, category, formatter(state, exception), exception));
            }
        }
    }
}
