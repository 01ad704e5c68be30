using System.Runtime.CompilerServices;

namespace ScriptProxy.Core.Scripting;

/// <summary>Turns scripts into images: from the cache where it can, else with the compiler. Safe to use from several threads.</summary>
/// <remarks>No method here names a compiler type, so that a process with a warm cache never loads the compiler (tens of megabytes, a second).</remarks>
internal sealed class ScriptCompiler(ScriptCompilerOptions options)
{
    private readonly Lock _gate = new();
    private object? _roslyn;
    private ScriptToolchain? _toolchain;

    /// <exception cref="ScriptException">The script cannot be read or does not compile.</exception>
    public ScriptImage Compile(ScriptRequest request, CancellationToken stop = default)
    {
        request = request with { Path = Path.GetFullPath(request.Path) };
        var main = ReadMain(request.Path);
        var key = Toolchain().KeyOf(request, main);
        if (options.Cache?.Find(key, main) is { } cached)
        {
            return cached;
        }

        var image = options.Process?.Compile(request, main, key, options, stop) ?? CompileHere(request, main, key, stop);
        options.Cache?.Store(key, image);
        return image;
    }

    private SourceFile ReadMain(string path)
    {
        try
        {
            return SourceFile.Read(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = error switch
            {
                FileNotFoundException or DirectoryNotFoundException => "there is no such file",
                UnauthorizedAccessException when Directory.Exists(path) => "it is a folder",
                UnauthorizedAccessException => "no permission to read it",
                _ => error.Message,
            };
            throw new ScriptException([new ScriptDiagnostic(options.Display(path), 1, 1, IsError: true, "SP0001", $"The script cannot be read: {reason}.")]);
        }
    }

    private ScriptToolchain Toolchain()
    {
        lock (_gate)
        {
            return _toolchain ??= new ScriptToolchain(options);
        }
    }

    /// <summary>In this process, and without a look into the cache.</summary>
    /// <exception cref="ScriptException">The script does not compile.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal ScriptImage CompileHere(ScriptRequest request, SourceFile main, string key, CancellationToken stop)
    {
        RoslynCompiler roslyn;
        lock (_gate)
        {
            roslyn = (RoslynCompiler)(_roslyn ??= new RoslynCompiler(options));
        }

        return roslyn.Compile(request, main, key, stop);
    }
}
