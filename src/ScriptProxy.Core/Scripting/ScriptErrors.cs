using System.Diagnostics;
using System.Reflection;
using System.Runtime.Loader;

namespace ScriptProxy.Core.Scripting;

/// <summary>A place in a script's source: its full path, the line from 1, and the method in the user's terms.</summary>
internal sealed record ScriptPlace(string File, int Line, string Method);

/// <summary>An exception as a script's author wants to read it: one line that names the place, and the way there.</summary>
/// <remarks>The stack holds one frame a line, without names that only the compiler knows; it is empty where no script took part.</remarks>
internal sealed record ScriptErrorText(string Summary, string Stack)
{
    public override string ToString() => Stack.Length == 0 ? Summary : $"{Summary}\n{Stack}";
}

/// <summary>Finds the script's part in a runtime exception. It holds on to nothing, so a retired script stays collectible.</summary>
internal static class ScriptErrors
{
    // Deeper than this, frames only repeat themselves.
    private const int MaximumFrames = 40;

    /// <summary>The innermost frame in script code; null where the exception passed through none.</summary>
    public static ScriptPlace? Locate(Exception exception) => Place(exception)?.Location;

    /// <summary>Puts the exception into the user's terms.</summary>
    public static ScriptErrorText Describe(Exception exception, string? baseFolder = null)
    {
        var place = Place(exception);
        var told = place?.Exception ?? Unwrap(exception);
        var summary = $"{told.GetType().Name}: {told.Message}";
        return place is null
            ? new ScriptErrorText(summary, "")
            : new ScriptErrorText($"{summary} at {Display(place.Location, baseFolder)}", Stack(told, baseFolder));
    }

    // An outer exception that a script throws around another tells more than the inner one; a wrapper of the runtime tells nothing.
    private static Found? Place(Exception exception)
    {
        for (var current = Unwrap(exception); current is not null; current = current.InnerException is { } inner ? Unwrap(inner) : null)
        {
            if (Frames(current).Select(LocationOf).OfType<ScriptPlace>().FirstOrDefault() is { } location)
            {
                return new Found(current, location);
            }
        }

        return null;
    }

    /// <summary>Without what the runtime puts around an exception by itself.</summary>
    public static Exception Unwrap(Exception exception)
    {
        while (exception is AggregateException or TargetInvocationException or TypeInitializationException && exception.InnerException is { } inner)
        {
            exception = inner;
        }

        return exception;
    }

    private static string Stack(Exception exception, string? baseFolder)
    {
        var frames = Frames(exception).ToList();
        var last = frames.FindLastIndex(frame => LocationOf(frame) is not null);
        var lines = new List<string>();
        foreach (var frame in frames.Take(last + 1))
        {
            if (LineOf(frame, baseFolder) is { } line && (lines.Count == 0 || lines[^1] != line))
            {
                lines.Add(line);
            }
        }

        return lines.Count <= MaximumFrames
            ? string.Join('\n', lines)
            : string.Join('\n', lines.Take(MaximumFrames)) + $"\n  ... and {lines.Count - MaximumFrames} more";
    }

    private static string? LineOf(StackFrame frame, string? baseFolder)
    {
        if (LocationOf(frame) is { } location)
        {
            return $"  at {location.Method} in {Display(location, baseFolder)}";
        }

        return frame.GetMethod() is { } method && !IsPlumbing(method) ? $"  at {MethodNames.Of(method)}" : null;
    }

    // What async methods and rethrown exceptions leave between two frames that mean something.
    private static bool IsPlumbing(MethodBase method) =>
        method.DeclaringType is not { } type
        || method.IsDefined(typeof(StackTraceHiddenAttribute), inherit: false)
        || type.IsDefined(typeof(StackTraceHiddenAttribute), inherit: false);

    private static StackFrame[] Frames(Exception exception) => new StackTrace(exception, fNeedFileInfo: true).GetFrames();

    private static ScriptPlace? LocationOf(StackFrame frame)
    {
        if (frame.GetMethod() is not { } method || !IsScript(method.Module.Assembly) || frame.GetFileName() is not { } file)
        {
            return null;
        }

        return new ScriptPlace(file, frame.GetFileLineNumber(), MethodNames.Of(method));
    }

    private static bool IsScript(Assembly assembly) =>
        AssemblyLoadContext.GetLoadContext(assembly) is ScriptLoadContext
        && assembly.GetName().Name!.StartsWith(ScriptLoadContext.AssemblyPrefix, StringComparison.Ordinal);

    private static string Display(ScriptPlace location, string? baseFolder) =>
        $"{ScriptPaths.Display(location.File, baseFolder)}:{location.Line}";

    private sealed record Found(Exception Exception, ScriptPlace Location);
}
