using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The Log phase: after the last byte of the answer.</summary>
internal static partial class Logs
{
    private static readonly Meter Meter = new("ScriptProxy");
    private static readonly Counter<long> Failed = Meter.CreateCounter<long>("scriptproxy.log_handlers.failed", description: "Handlers of Log that threw");

    internal static async ValueTask RunAsync(Exchange exchange, PhaseHandler<LogContext, Nothing>[] handlers)
    {
        try
        {
            // The client has the whole answer before a slow handler of Log begins.
            await exchange.Http.Response.CompleteAsync();
        }
        catch (Exception error)
        {
            exchange.Error ??= error;
            exchange.Http.Abort();
        }

        exchange.StopClock();
        foreach (var handler in handlers)
        {
            try
            {
                await handler.InvokeAsync(exchange, exchange.LogContext);
            }
            catch (HandlerFailedException error)
            {
                Failed.Add(1);
                LogFailed(exchange.GatewayLogger, exchange.RequestId, ScriptPaths.Display(error.Handler, exchange.Snapshot.BaseFolder), ScriptErrors.Describe(error.InnerException!, exchange.Snapshot.BaseFolder).ToString());
            }
        }
    }

    [LoggerMessage(30, LogLevel.Error, "{RequestId} the Log handler at {Handler} failed: {Reason}")]
    private static partial void LogFailed(ILogger logger, string requestId, string handler, string reason);
}
