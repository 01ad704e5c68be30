using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace ScriptProxy.Bench.Running;

/// <summary>A program that we started. It is ended with us, and tells what it said when it fails.</summary>
internal sealed class Child : IAsyncDisposable
{
    private const int Terminate = 15;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly Channel<string> _output = Channel.CreateUnbounded<string>();

    private Child(Process process) => _process = process;

    internal int Id => _process.Id;

    internal ChannelReader<string> Output => _output.Reader;

    internal IEnumerable<string> Said => _said;

    internal static Child Start(IReadOnlyList<string> command, string folder, IReadOnlyDictionary<string, string>? environment = null, string? cpus = null)
    {
        IReadOnlyList<string> all = cpus is null ? command : ["taskset", "-c", cpus, .. command];
        var start = new ProcessStartInfo(all[0], all.Skip(1))
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var child = new Child(process);
        process.OutputDataReceived += (_, line) => child.Hear(line.Data, isOutput: true);
        process.ErrorDataReceived += (_, line) => child.Hear(line.Data, isOutput: false);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="BenchException">It failed.</exception>
    internal static async Task<string> RunAsync(IReadOnlyList<string> command, string folder, CancellationToken stop, string? cpus = null)
    {
        await using var child = Start(command, folder, cpus: cpus);
        await child._process.WaitForExitAsync(stop);
        return child._process.ExitCode == 0
            ? string.Join('\n', child._said)
            : throw new BenchException($"{string.Join(' ', command)} failed:\n{string.Join('\n', child._said)}");
    }

    /// <exception cref="BenchException">It has ended.</exception>
    internal void ThrowIfEnded()
    {
        if (_process.HasExited)
        {
            throw new BenchException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} ended by itself:\n{string.Join('\n', _said)}");
        }
    }

    internal async Task SayAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Terminate);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private void Hear(string? line, bool isOutput)
    {
        if (line is null)
        {
            return;
        }

        _said.Enqueue(line);
        if (isOutput)
        {
            _output.Writer.TryWrite(line);
        }

        while (_said.Count > 1000)
        {
            _said.TryDequeue(out _);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Kill(int process, int signal);
}
