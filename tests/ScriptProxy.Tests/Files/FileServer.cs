using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Files;

namespace ScriptProxy.Tests.Files;

/// <summary>A folder of files behind a real Kestrel, at <c>/</c> and at <c>/static/</c>.</summary>
internal sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly DirectoryInfo _folder;

    private FileServer(WebApplication app, DirectoryInfo folder)
    {
        _app = app;
        _folder = folder;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    /// <summary>The folder that is served; its parent is a scratch folder that is not.</summary>
    public string Root => Path.Combine(_folder.FullName, "www");

    public string Outside => _folder.FullName;

    public static async Task<FileServer> StartAsync(Func<StaticFilesOptions, StaticFilesOptions>? configure = null, Action<DirectoryInfo>? prepare = null)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("files-test");
        if (prepare is null)
            folder.CreateSubdirectory("www");
        else
            prepare(folder);

        var options = new StaticFilesOptions(Path.Combine(folder.FullName, "www"));
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        StaticFiles? files = null;
        RequestDelegate serve = async context =>
        {
            if (!await files!.TryServeAsync(context, new PathString("/" + (string?)context.Request.RouteValues["path"])))
                context.Response.StatusCode = 404;
        };
        app.Map("/static/{**path}", serve);
        app.Map("/{**path}", serve);
        await app.StartAsync();
        var server = new FileServer(app, folder);
        server.Write("fallback.html", "fallback");
        files = new StaticFiles(configure?.Invoke(options) ?? options);
        return server;
    }

    public string Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    public string Write(string name, byte[] content)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public async Task<HttpResponseMessage> SendAsync(string path, string method = "GET", params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        foreach ((string name, string value) in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        return await Client.SendAsync(request);
    }

    /// <summary>Sends a request target as it is, which no client library would, and gives the answer as text.</summary>
    public async Task<string> SendRawAsync(string target)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Client.BaseAddress!.Port);
        NetworkStream stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes($"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        return await new StreamReader(stream, Encoding.UTF8).ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
