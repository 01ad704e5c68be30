using System.Globalization;
using Microsoft.Extensions.Logging;
using ScriptProxy.Bench.Running;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Bench.Reloading;

/// <summary>A gateway in a process of its own that can be asked, line by line, how many generations and load contexts are alive; otherwise as the program runs it.</summary>
internal static class HostedGateway
{
    internal const string AskAlive = "alive";
    internal const string AskContexts = "contexts";

    /// <summary>Asks one in a process of its own.</summary>
    internal static async Task<int> AskAsync(Child gateway, string question, CancellationToken stop)
    {
        gateway.ThrowIfEnded();
        await gateway.SayAsync(question);
        return int.Parse(await gateway.Output.ReadAsync(stop), CultureInfo.InvariantCulture);
    }

    internal static async Task<int> RunAsync(string script, string cache, CancellationToken stop)
    {
        InlineCompletions.Enable();
        using var loggers = LoggerFactory.Create(builder => builder
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.None)
            .AddProvider(new ErrorLines()));
        await using var gateway = new GatewayProcess(new GatewaySetup(Path.GetFullPath(script), CacheFolder: cache), loggers, TimeProvider.System);
        try
        {
            await gateway.StartAsync(stop);
        }
        catch (ScriptException error)
        {
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }

        // Reading the console blocks. On the stack that the first load ended on, that load would be held for ever.
        await Task.Yield();
        try
        {
            while (await Console.In.ReadLineAsync(stop) is { } line)
            {
                var answer = line == AskContexts ? gateway.Host.AliveContexts.Count : gateway.Host.Alive;
                await Console.Out.WriteLineAsync(answer.ToString(CultureInfo.InvariantCulture));
            }
        }
        catch (OperationCanceledException)
        {
            // The end was asked for.
        }

        return 0;
    }

    /// <summary>Warnings and errors, on the error stream: the output stream answers questions.</summary>
    private sealed class ErrorLines : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Console.Error.WriteLine($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
            }
        }

        public void Dispose()
        {
        }
    }
}
