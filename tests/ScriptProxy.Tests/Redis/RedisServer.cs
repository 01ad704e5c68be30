using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Redis;

/// <summary>A real redis-server that keeps nothing on disk; it can be killed and started again at the same address.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _program;
    private Process? _process;

    private RedisServer(string program, int port)
    {
        _program = program;
        Port = port;
    }

    internal int Port { get; }

    internal string Address => $"127.0.0.1:{Port}";

    internal static async Task<RedisServer> StartAsync()
    {
        var redis = new RedisServer(Programs.Require("redis-server"), Ports.Free());
        await redis.BeginAsync();
        return redis;
    }

    internal async Task BeginAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            _program, ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder.Root, "--logfile", _folder.PathOf("log")]) { UseShellExecute = false })!;
        await TestGateway.WaitAsync(Answers, "redis-server");
    }

    /// <summary>At once, as by a power cut: what it held is lost.</summary>
    internal async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>It goes on holding its connections, and answers nobody until <see cref="ResumeAsync"/>.</summary>
    internal Task StallAsync() => SignalAsync("STOP");

    internal Task ResumeAsync() => SignalAsync("CONT");

    private async Task SignalAsync(string signal) => (await Programs.RunAsync(Programs.Require("kill"), ["-" + signal, $"{_process!.Id}"])).Success();

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

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
