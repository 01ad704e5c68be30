using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Testing;

/// <summary>What a server behind the gateway was sent.</summary>
public sealed class PeerRequest
{
    internal PeerRequest(string peer, HttpContext context, byte[] body)
    {
        var request = context.Request;
        Peer = peer;
        Method = request.Method;
        Target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        Path = request.Path;
        Query = request.Query;
        Protocol = request.Protocol;
        Body = body;
        foreach (var (name, value) in request.Headers.Where(h => !h.Key.StartsWith(':')))
        {
            Headers.Set(name, value.ToArray());
        }
    }

    /// <summary>The server that was asked, as the script writes it: <c>http://10.0.0.11:8080</c>.</summary>
    public string Peer { get; }

    /// <summary>GET, POST ...</summary>
    public string Method { get; }

    /// <summary>Path and query, as they came over the wire.</summary>
    public string Target { get; }

    /// <summary>The decoded path.</summary>
    public string Path { get; }

    /// <summary>The query's values.</summary>
    public IQueryCollection Query { get; }

    /// <summary>All headers, Host included.</summary>
    public TestHeaders Headers { get; } = new();

    /// <summary>HTTP/1.1 or HTTP/2.</summary>
    public string Protocol { get; }

    /// <summary>The whole body; empty with <see cref="TestPeers.Serve"/>.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>The body as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The body, read as JSON.</summary>
    /// <typeparam name="T">What it is read as.</typeparam>
    public T? Json<T>() => JsonSerializer.Deserialize<T>(Body.Span, JsonSerializerOptions.Web);

    /// <inheritdoc />
    public override string ToString() => $"{Method} {Target} at {Peer}";
}
