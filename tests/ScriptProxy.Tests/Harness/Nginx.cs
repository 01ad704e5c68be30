using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ScriptProxy.Tests.Harness;

/// <summary>A real nginx as the server behind the gateway, in a folder of its own.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly Process _process;

    private Nginx(TestFolder folder, Process process, int port)
    {
        Folder = folder;
        _process = process;
        Address = $"http://127.0.0.1:{port}";
    }

    internal TestFolder Folder { get; }

    internal string Address { get; }

    /// <summary>Starts one whose server block holds these lines; its files are below "www".</summary>
    internal static async Task<Nginx> StartAsync(string server)
    {
        var program = Programs.Require("nginx");
        var folder = new TestFolder();
        var port = Ports.Free();
        Directory.CreateDirectory(folder.PathOf("www"));
        Directory.CreateDirectory(folder.PathOf("logs"));
        folder.Write(
            "nginx.conf",
            $$"""
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log logs/error.log info;
            events {}
            http {
                default_type text/plain;
                access_log logs/access.log;
                client_max_body_size 0;
                client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                server {
                    listen 127.0.0.1:{{port}};
                    root www;
            {{server}}
                }
            }
            """);
        var process = Process.Start(new ProcessStartInfo(program, ["-p", folder.Root, "-c", "nginx.conf", "-e", "logs/error.log"]) { UseShellExecute = false })!;
        var nginx = new Nginx(folder, process, port);
        try
        {
            await TestGateway.WaitAsync(() => process.HasExited || Answers(port));
            Assert.False(process.HasExited, "nginx ended: " + await File.ReadAllTextAsync(folder.PathOf("logs/error.log")));
            return nginx;
        }
        catch
        {
            await nginx.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        Folder.Dispose();
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
}
