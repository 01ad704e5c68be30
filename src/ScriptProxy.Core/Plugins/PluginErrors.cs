using System.Diagnostics;
using System.Runtime.Loader;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Plugins;

/// <summary>Finds a plugin's part in an exception.</summary>
internal static class PluginErrors
{
    /// <summary>The plugin that threw it or was on its way, the innermost one; null where none was.</summary>
    internal static string? PluginOf(Exception error)
    {
        for (Exception? current = ScriptErrors.Unwrap(error); current is not null; current = current.InnerException)
        {
            if (new StackTrace(current, fNeedFileInfo: false).GetFrames().Select(ContextOf).FirstOrDefault(c => c is not null) is { } context)
            {
                return context.Name ?? "";
            }
        }

        return null;
    }

    /// <summary>One line, with the plugin's innermost frame where its pdb lies beside it.</summary>
    internal static string Describe(Exception error)
    {
        var told = ScriptErrors.Unwrap(error);
        var place = new StackTrace(told, fNeedFileInfo: true).GetFrames().FirstOrDefault(f => f.GetFileName() is not null && ContextOf(f) is not null) is { } frame
            ? $" at {Path.GetFileName(frame.GetFileName())}:{frame.GetFileLineNumber()}"
            : "";
        return $"{told.GetType().Name}: {told.Message}{place}";
    }

    private static AssemblyLoadContext? ContextOf(StackFrame frame) =>
        frame.GetMethod() is { } method && AssemblyLoadContext.GetLoadContext(method.Module.Assembly) is { } context
        && context != AssemblyLoadContext.Default && context is not ScriptLoadContext ? context : null;
}
