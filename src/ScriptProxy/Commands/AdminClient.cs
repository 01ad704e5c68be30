using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace ScriptProxy.Program.Commands;

/// <summary>Asks the admin API of a running gateway.</summary>
internal sealed class AdminClient : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly AdminTarget _target;
    private readonly HttpClient _http;

    internal AdminClient(AdminTarget target)
    {
        _target = target;

        // Its own machine mostly: no proxy, and the token goes nowhere else.
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10) };
        if (target.Socket is { } path)
        {
            handler.ConnectCallback = (_, stop) => ConnectAsync(path, stop);
        }

        _http = new HttpClient(handler);
        if (target.Token is { } token)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <param name="method">GET or POST.</param>
    /// <param name="plugin">Whose endpoint it is; null for the gateway's own.</param>
    /// <param name="path">Such as "/show".</param>
    /// <param name="query">Names and values; null for those that are not given.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="CommandFailedException">There is no such answer; the message tells why.</exception>
    internal async Task<T> AskAsync<T>(HttpMethod method, string? plugin, string path, IEnumerable<(string Name, string? Value)> query, CancellationToken stop)
    {
        var given = string.Join('&', query.Where(q => q.Value is not null).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"));
        var address = new Uri($"{_target.Address.GetLeftPart(UriPartial.Path).TrimEnd('/')}{(plugin is null ? "" : "/plugins/" + plugin)}{path}?{given}");
        HttpStatusCode status;
        string text;
        try
        {
            using var request = new HttpRequestMessage(method, address);
            using var answer = await _http.SendAsync(request, stop);
            status = answer.StatusCode;
            text = await answer.Content.ReadAsStringAsync(stop);
        }
        catch (HttpRequestException error)
        {
            throw new CommandFailedException($"no gateway answers at {_target.Shown}: {error.Message}");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandFailedException($"the gateway at {_target.Shown} does not answer in time");
        }

        return Read<T>(status, text, plugin);
    }

    private T Read<T>(HttpStatusCode status, string text, string? plugin)
    {
        JsonElement json;
        try
        {
            json = JsonElement.Parse(text);
            if (status == HttpStatusCode.OK && json.Deserialize<T>(Json) is { } value)
            {
                return value;
            }
        }
        catch (JsonException)
        {
            throw new CommandFailedException($"what answers at {_target.Shown} is no admin API of a gateway (status {(int)status})");
        }

        var why = json.ValueKind == JsonValueKind.Object && json.TryGetProperty("error", out var error) ? error.ToString() : "no reason given";
        throw new CommandFailedException(status switch
        {
            HttpStatusCode.BadRequest => why,
            HttpStatusCode.NotFound when plugin is not null => $"the gateway at {_target.Shown} runs without the plugin {plugin}, or its admin API has another path",
            HttpStatusCode.Unauthorized when _target.Token is null => $"the admin API at {_target.Shown} asks for its token: give it with --token, or in {AdminTarget.TokenVariable}",
            HttpStatusCode.Unauthorized => $"the admin API at {_target.Shown} does not take this token",
            _ => $"the admin API at {_target.Shown} answered {(int)status}: {why}",
        });
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
