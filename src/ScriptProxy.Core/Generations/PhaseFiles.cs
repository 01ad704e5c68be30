using System.Collections.Concurrent;
using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Compiles and loads phase files: once per file and phase in a generation.</summary>
internal sealed class PhaseFiles(
    Func<ScriptRequest, ScriptImage> compile,
    ScriptLoadContext scripts,
    Diagnostics found,
    string baseFolder,
    FileState files,
    Action<ScriptDiagnostic> warn)
{
    private readonly ConcurrentDictionary<(string Path, Type Context), ScriptEntry?> _entries = new();

    /// <returns>The handler to call; null when the file is missing or does not compile, which is told then.</returns>
    internal Handler<TContext, TAnswer>? Resolve<TContext, TAnswer>(string file, ScriptLocation source)
        where TContext : class
    {
        var path = Path.GetFullPath(file, baseFolder);
        var entry = _entries.GetOrAdd((path, typeof(TContext)), _ => Load<TAnswer>(path, file, typeof(TContext), source));
        return entry is null ? null : new ScriptHandler<TContext, TAnswer>(entry, new ScriptLocation(path, 1));
    }

    /// <returns>False when it is not there, which is told then.</returns>
    internal bool IsThere(string written, ScriptLocation source) => IsThere(Path.GetFullPath(written, baseFolder), written, source);

    private bool IsThere(string path, string written, ScriptLocation source)
    {
        files.Add(path);
        if (!File.Exists(path))
        {
            var why = Directory.Exists(path) ? "is a folder" : "does not exist";
            found.Error(source, "SP1004", $"the phase file '{written}' {why}", Hint(path, written));
            return false;
        }

        return true;
    }

    private ScriptEntry? Load<TAnswer>(string path, string written, Type context, ScriptLocation source)
    {
        if (!IsThere(path, written, source))
        {
            return null;
        }

        try
        {
            var image = compile(new ScriptRequest(path, context, typeof(TAnswer) == typeof(Nothing) ? null : typeof(TAnswer)));
            foreach (var warning in image.Warnings)
            {
                warn(warning);
            }

            return scripts.Load(image);
        }
        catch (ScriptException error)
        {
            found.Add(error.Diagnostics);
            return null;
        }
    }

    private string? Hint(string path, string written)
    {
        var folder = Path.GetDirectoryName(path)!;
        var nearest = Directory.Exists(folder)
            ? Diagnostics.Nearest(Path.GetRelativePath(baseFolder, path), Directory.EnumerateFiles(folder, "*.csx").Select(f => Path.GetRelativePath(baseFolder, f)))
            : null;
        return nearest ?? $"paths are relative to {baseFolder}: looked for {Path.GetFullPath(written, baseFolder)}";
    }

    /// <summary>A phase file as a handler: its result is the phase's answer, null goes on.</summary>
    private sealed class ScriptHandler<TContext, TAnswer>(ScriptEntry entry, ScriptLocation source) : Handler<TContext, TAnswer>(source)
        where TContext : class
    {
        internal override ValueTask<TAnswer?> InvokeAsync(TContext context)
        {
            var run = entry.RunAsync(context);
            return run.IsCompletedSuccessfully ? new ValueTask<TAnswer?>(Convert(run.Result)) : AwaitAsync(run);
        }

        private static async ValueTask<TAnswer?> AwaitAsync(Task<object?> run) => Convert(await run);

        // The compiler has checked the type of every return.
        private static TAnswer? Convert(object? result) => result is TAnswer answer ? answer : default;
    }
}
