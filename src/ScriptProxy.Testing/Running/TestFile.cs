using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Testing.Running;

/// <summary>How a test ended.</summary>
/// <param name="Name">The test's name.</param>
/// <param name="Took">In real time.</param>
/// <param name="Skipped">Why it was not run; null where it was.</param>
/// <param name="Failure">What went wrong; null where nothing did.</param>
internal sealed record TestResult(string Name, TimeSpan Took, string? Skipped, TestFailure? Failure);

/// <summary>What a failed test tells.</summary>
/// <param name="Place">File and line, relative to the folder that is tested.</param>
/// <param name="SourceLine">The text of that line; null where it cannot be read.</param>
/// <param name="Message">What was expected, or the exception.</param>
/// <param name="Trace">The handlers that ran in the gateway that was loaded last.</param>
/// <param name="Log">What that gateway logged as a warning or worse.</param>
internal sealed record TestFailure(string Place, string? SourceLine, string Message, IReadOnlyList<string> Trace, IReadOnlyList<string> Log);

/// <summary>A compiled <c>*.tests.csx</c>. Dispose of it: that unloads it.</summary>
internal sealed class TestFile : IDisposable
{
    internal const string Suffix = ".tests.csx";

    /// <summary>Own running time of a test's code; waiting is free.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(10);

    private static readonly string[] Imports =
    [
        "System", "System.IO", "System.Linq", "System.Net", "System.Net.Http", "System.Collections.Generic", "System.Threading", "System.Threading.Tasks",
        "Microsoft.AspNetCore.Http", "Microsoft.Extensions.Logging", "ScriptProxy", "ScriptProxy.Testing", "ScriptProxy.Testing.TestVerbs",
    ];

    private readonly ScriptLoadContext _context;
    private readonly ScriptEntry _entry;
    private readonly string _path;
    private readonly string _root;
    private readonly TimeSpan _patience;

    private TestFile(ScriptLoadContext context, ScriptEntry entry, string path, string root, TimeSpan patience)
    {
        _context = context;
        _entry = entry;
        _path = path;
        _root = root;
        _patience = patience;
    }

    /// <param name="path">The file.</param>
    /// <param name="root">What messages name files relative to.</param>
    /// <param name="patience">How long a test may take in real time.</param>
    /// <exception cref="ScriptException">It does not compile.</exception>
    internal static TestFile Compile(string path, string root, TimeSpan patience)
    {
        var main = TestSuite.Nearest(path) ?? path;
        var setup = new GatewaySetup(main, Reload: true, Path.Combine(Path.GetDirectoryName(main)!, ".scriptproxy", "cache"));
        var compiler = ScriptEngine.Create(setup, TimeProvider.System, NullLogger.Instance, other: options => options with
        {
            BaseFolder = root,
            Imports = Imports,
            HostAssemblies = [.. options.HostAssemblies, typeof(TestVerbs).Assembly],
        });
        var image = compiler.Compile(new ScriptRequest(path));
        var context = new ScriptLoadContext(Path.GetFileName(path));
        return new TestFile(context, context.Load(image), path, root, patience);
    }

    /// <summary>The tests that the file names.</summary>
    /// <exception cref="ScriptException">Its body throws.</exception>
    internal async Task<IReadOnlyList<TestCase>> ListAsync()
    {
        await using var suite = new TestSuite(_path);
        var error = await RunAsync(suite, BodyAsync);
        if (error is not null)
        {
            var place = ScriptErrors.Locate(error);
            throw new ScriptException([new ScriptDiagnostic(
                ScriptPaths.Display(place?.File ?? _path, _root), place?.Line ?? 1, 1, IsError: true, "SP1000", $"{ScriptErrors.Unwrap(error).GetType().Name}: {ScriptErrors.Unwrap(error).Message}")]);
        }

        return suite.Tests;
    }

    /// <summary>Runs one test: the file's body anew, and then that test of it.</summary>
    internal async Task<TestResult> RunAsync(TestCase test)
    {
        if (test.Skipped is { } why)
        {
            return new TestResult(test.Name, TimeSpan.Zero, why, null);
        }

        var began = Stopwatch.GetTimestamp();
        await using var suite = new TestSuite(_path);
        var error = await RunAsync(suite, async () =>
        {
            await BodyAsync();
            var body = suite.Tests.FirstOrDefault(t => t.Name == test.Name)?.Body ?? throw new InvalidOperationException($"the file's body names '{test.Name}' only now and then");
            await body();
        });
        return new TestResult(test.Name, Stopwatch.GetElapsedTime(began), Skipped: null, error is null ? null : Describe(error, test, suite));
    }

    public void Dispose() => _context.Unload();

    private async Task BodyAsync() => await _entry.RunAsync(globals: null);

    private async Task<Exception?> RunAsync(TestSuite suite, Func<Task> run)
    {
        try
        {
            await Task.Run(() =>
            {
                TestSuite.Current = suite;
                return ScopedCall.RunAsync(new GuardScope(), Budget, () => new ValueTask(run()));
            }).WaitAsync(_patience, TimeProvider.System);
            return null;
        }
        catch (Exception error)
        {
            return error;
        }
    }

    private TestFailure Describe(Exception error, TestCase test, TestSuite suite)
    {
        var place = ScriptErrors.Locate(error);
        var (file, line) = place is null ? (test.Source.File, test.Source.Line) : (place.File, place.Line);
        var told = ScriptErrors.Unwrap(error);
        var message = told switch
        {
            TestFailedException or LoadFailedException => told.Message,
            TimeoutException when place is null => $"did not end within {_patience.TotalSeconds} s of real time, and is left behind",
            _ => $"{told.GetType().Name}: {told.Message}",
        };
        var gateway = suite.Gateways.LastOrDefault();
        return new TestFailure(
            $"{ScriptPaths.Display(file, _root)}:{line}",
            File.Exists(file) ? File.ReadLines(file).Skip(line - 1).FirstOrDefault()?.Trim() : null,
            message,
            [.. gateway?.Trace.Select(s => s.ToString()) ?? []],
            [.. gateway?.Log.Where(l => l.Level >= LogLevel.Warning).Select(l => l.Message) ?? []]);
    }
}
