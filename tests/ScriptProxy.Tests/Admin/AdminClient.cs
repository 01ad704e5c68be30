using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Admin;

/// <summary>Asks the admin listener of a gateway.</summary>
internal static class AdminClient
{
    /// <summary>A listener for requests and one for the admin API, so that the test says what is wrong with the latter alone.</summary>
    internal const string Listeners = "Listen(\"http://127.0.0.1:0\"); Admin(\"http://127.0.0.1:0\");\n";

    internal static string Address(TestGateway gateway) => gateway.Host.Open.Single(o => o.Key.IsAdmin).Address.TrimEnd('/');

    internal static Task<(HttpStatusCode Status, JsonElement Json)> AskAsync(TestGateway gateway, string path) => AskAsync(gateway, HttpMethod.Get, path);

    internal static async Task<(HttpStatusCode Status, JsonElement Json)> AskAsync(TestGateway gateway, HttpMethod method, string path, Action<HttpRequestMessage>? change = null)
    {
        using var answer = await SendAsync(gateway, method, path, change);
        Assert.Equal("application/json; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        return (answer.StatusCode, JsonElement.Parse(await answer.Content.ReadAsStringAsync()));
    }

    internal static async Task<HttpResponseMessage> SendAsync(TestGateway gateway, HttpMethod method, string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(method, Address(gateway) + path);
        change?.Invoke(request);
        return await gateway.Client.SendAsync(request);
    }

    /// <summary>The same over a Unix socket.</summary>
    internal static HttpClient Over(string socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, stop) =>
        {
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop);
            return new NetworkStream(connection, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://gateway"),
    };
}
