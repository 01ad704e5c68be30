using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

/// <summary>The built program as a child process, with what it wrote.</summary>
internal sealed class ProgramProcess : IAsyncDisposable
{
    private static readonly TimeSpan AtMost = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();

    private ProgramProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal string Output => string.Join('\n', _output);

    internal string Errors => string.Join('\n', _errors);

    internal int Id => _process.Id;

    /// <summary>Starts the program in a folder; it keeps its compiled scripts where all tests of this run do.</summary>
    internal static ProgramProcess Start(string folder, params string[] arguments) => StartFile(
        "dotnet", folder, [Path.Combine(AppContext.BaseDirectory, "scriptproxy.dll"), .. arguments]);

    internal static ProgramProcess StartFile(string file, string folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test run is told about its own runtime does not concern the child.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("TESTINGPLATFORM", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        return new ProgramProcess(new Process { StartInfo = start });
    }

    /// <summary>Runs it to its end.</summary>
    internal static async Task<(int Code, string Output, string Errors)> RunAsync(string folder, params string[] arguments)
    {
        await using var program = Start(folder, [.. arguments]);
        return (await program.EndAsync(), program.Output, program.Errors);
    }

    internal static async Task<(int Code, string Output, string Errors)> RunFileAsync(string file, string folder, params string[] arguments)
    {
        await using var program = StartFile(file, folder, arguments);
        return (await program.EndAsync(TimeSpan.FromMinutes(5)), program.Output, program.Errors);
    }

    /// <summary>Waits until it has written that text, and fails with all that it wrote when it ends before.</summary>
    internal async Task SaysAsync(string text)
    {
        try
        {
            await TestGateway.WaitAsync(() => Output.Contains(text, StringComparison.Ordinal) || _process.HasExited);
        }
        catch (TimeoutException)
        {
            // Told below.
        }

        Assert.True(Output.Contains(text, StringComparison.Ordinal), $"never said '{text}':\n{Output}\n{Errors}");
    }

    /// <summary>Waits for the last line of the first screen.</summary>
    internal Task ReadyAsync() => SaysAsync("\n  edit ");

    internal void Signal(PosixSignal signal)
    {
        var number = signal switch
        {
            PosixSignal.SIGHUP => 1,
            PosixSignal.SIGINT => 2,
            PosixSignal.SIGTERM => 15,
            _ => throw new ArgumentOutOfRangeException(nameof(signal)),
        };
        Assert.Equal(0, Kill(_process.Id, number));
    }

    /// <summary>It alone, not what it has started.</summary>
    internal void Kill() => _process.Kill();

    /// <returns>The exit code.</returns>
    internal async Task<int> EndAsync(TimeSpan? atMost = null)
    {
        using var limit = new CancellationTokenSource(atMost ?? AtMost);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"process {_process.Id} does not end:\n{Output}\n{Errors}"));
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
