using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ScriptProxy.Tests.Harness;

/// <summary>The gateway as users start it: a process of its own, whose memory is its own.</summary>
internal sealed class GatewayProgram : IAsyncDisposable
{
    private readonly TestFolder _folder;
    private readonly Process _process;

    private GatewayProgram(TestFolder folder, Process process, int port)
    {
        _folder = folder;
        _process = process;
        Address = $"http://127.0.0.1:{port}";
    }

    internal string Address { get; }

    internal int Id => _process.Id;

    /// <summary>In bytes, what is resident now.</summary>
    internal long Resident => Status("VmRSS");

    /// <summary>In bytes, the most that was resident since <see cref="ForgetPeak"/>.</summary>
    internal long Peak => Status("VmHWM");

    /// <param name="proxy">The text of proxy.csx.</param>
    /// <param name="files">Other files.</param>
    internal static async Task<GatewayProgram> StartAsync(string proxy, params (string Name, string Text)[] files)
    {
        var folder = new TestFolder();
        foreach (var (name, text) in files)
        {
            folder.Write(name, text);
        }

        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        folder.Write("proxy.csx", $"{proxy}\nListen(\"http://127.0.0.1:{port}\");\n");
        var start = new ProcessStartInfo(Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet", [Path.Combine(AppContext.BaseDirectory, "scriptproxy.dll"), "run", folder.PathOf("proxy.csx")])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        var program = new GatewayProgram(folder, process, port);
        try
        {
            await TestGateway.WaitAsync(() => process.HasExited || Answers(port));
            Assert.False(process.HasExited, "the gateway ended: " + (process.HasExited ? await process.StandardError.ReadToEndAsync() : ""));
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            return program;
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>From now on the peak is counted anew (proc(5), clear_refs).</summary>
    internal void ForgetPeak() => File.WriteAllText($"/proc/{_process.Id}/clear_refs", "5");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private static bool Answers(int port)
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private long Status(string field) => File.ReadLines($"/proc/{_process.Id}/status")
        .Where(l => l.StartsWith(field + ":", StringComparison.Ordinal))
        .Select(l => 1024 * long.Parse(l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture))
        .Single();
}
