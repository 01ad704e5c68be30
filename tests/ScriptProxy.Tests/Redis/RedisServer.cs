using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Garnet;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Redis;

/// <summary>
/// A redis-server that keeps nothing on disk; where none is installed, a Garnet in this process, which speaks the same. It can be killed and started again at
/// the same address.
/// </summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string? _program;
    private Process? _process;
    private GarnetServer? _garnet;

    private RedisServer(string? program, int port)
    {
        _program = program;
        Port = port;
    }

    internal int Port { get; }

    internal string Address => $"127.0.0.1:{Port}";

    internal static async Task<RedisServer> StartAsync()
    {
        var redis = new RedisServer(Programs.InCI ? Programs.Require("redis-server") : Programs.Find("redis-server"), Ports.Free());
        await redis.BeginAsync();
        return redis;
    }

    internal async Task BeginAsync()
    {
        if (_program is null)
        {
            _garnet = new GarnetServer(["--port", $"{Port}", "--bind", "127.0.0.1", "--lua", "true", "-q", "true", "--memory", "256m", "--page", "4m", "--index", "1m"]);
            _garnet.Start();
            return;
        }

        _process = Process.Start(new ProcessStartInfo(
            _program, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Root, "--logfile", _folder.PathOf("log")]) { UseShellExecute = false })!;
        await TestGateway.WaitAsync(Answers, "redis-server");
    }

    /// <summary>At once, as by a power cut: what it held is lost.</summary>
    internal async Task KillAsync()
    {
        _garnet?.Dispose();
        _garnet = null;
        if (_process is not null)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
            _process = null;
        }
    }

    /// <summary>It goes on holding its connections, and answers nobody until <see cref="ResumeAsync"/>. For the program only: a part of this process cannot be stopped.</summary>
    internal Task StallAsync() => SignalAsync("STOP");

    internal Task ResumeAsync() => SignalAsync("CONT");

    /// <summary>Skips what Garnet cannot do.</summary>
    /// <param name="but">Why not.</param>
    internal void RequireItself(string but) => Assert.SkipWhen(_program is null, $"redis-server is not installed, and {but}");

    private async Task SignalAsync(string signal) => (await Programs.RunAsync(Programs.Require("kill"), ["-" + signal, $"{_process!.Id}"])).Success();

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }

    private bool Answers()
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, Port);
            client.Client.Send("PING\r\n"u8);
            var answer = new byte[5];
            client.GetStream().ReadExactly(answer);
            return answer.AsSpan().SequenceEqual("+PONG"u8);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }
}
