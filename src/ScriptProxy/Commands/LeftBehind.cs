using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Program.Commands;

/// <summary>What scripts and plugins leave behind, and nobody waits for: its failures are told, and end nothing.</summary>
internal static partial class LeftBehind
{
    internal static void Watch(GatewaySetup setup, ILogger logger)
    {
        Guard.Unobserved = stop => LogUnobserved(logger, ScriptErrors.Describe(stop, setup.BaseFolder).ToString());
        ExceptionHandling.SetUnhandledExceptionHandler(error => IsHandled(error, setup, logger));
    }

    /// <summary>What a script or a plugin throws where nobody can catch it (an async void method, a timer or a thread of its own) must not end everyone's requests.</summary>
    private static bool IsHandled(Exception error, GatewaySetup setup, ILogger logger)
    {
        if (ScriptErrors.Locate(error) is not null)
        {
            LogUnhandled(logger, ScriptErrors.Describe(error, setup.BaseFolder).ToString());
            return true;
        }

        if (PluginErrors.PluginOf(error) is { } plugin)
        {
            LogUnhandledOfPlugin(logger, plugin, PluginErrors.Describe(error));
            return true;
        }

        return false;
    }

    [LoggerMessage(5, LogLevel.Error, "plugins/{Name} failed where no request waits for it (async void, a timer or a thread of its own): {Reason}")]
    private static partial void LogUnhandledOfPlugin(ILogger logger, string name, string reason);

    [LoggerMessage(4, LogLevel.Error, "a script failed where no request waits for it (async void, or a thread of its own): {Reason}")]
    private static partial void LogUnhandled(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Error, "a script was stopped where no request waits for it: {Reason}")]
    private static partial void LogUnobserved(ILogger logger, string reason);
}
