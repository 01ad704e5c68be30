using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ScriptProxy.Testing.Recording;

namespace ScriptProxy.Testing;

/// <summary>What a client was answered, and how the gateway came to it. The whole body is there, and the Log phase has run.</summary>
public sealed class TestResponse
{
    private readonly ExchangeRecord? _record;

    private TestResponse(ExchangeRecord? record) => _record = record;

    /// <summary>The status; 0 where the connection was closed without an answer, see <see cref="Dropped"/>.</summary>
    public int Status { get; private init; }

    /// <summary>The reason behind the status, in HTTP/1.1.</summary>
    public string? Reason { get; private init; }

    /// <summary>The gateway closed the connection before the answer was whole: nginx's 444, a body that broke off.</summary>
    public bool Dropped { get; private init; }

    /// <summary>All headers.</summary>
    public TestHeaders Headers { get; } = new();

    /// <summary>What came behind the body.</summary>
    public TestHeaders Trailers { get; } = new();

    /// <summary>The body as it came.</summary>
    public ReadOnlyMemory<byte> Body { get; private init; }

    /// <summary>The body as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);

    /// <summary>The handlers that ran for it, in order; those of its subrequests too.</summary>
    public PhaseTrace Trace => _record?.Trace ?? new PhaseTrace([]);

    /// <summary>The pattern of the route that was taken; "(none)" where none fits.</summary>
    public string? Route => _record?.Route;

    /// <summary>The name of the server that answered; null where the gateway did by itself.</summary>
    public string? Peer => _record?.Peer;

    /// <summary>How many servers were tried.</summary>
    public int Attempts => _record?.Attempts ?? 0;

    /// <summary>The body, read as JSON.</summary>
    /// <typeparam name="T">What it is read as.</typeparam>
    public T? Json<T>() => JsonSerializer.Deserialize<T>(Body.Span, JsonSerializerOptions.Web);

    /// <inheritdoc />
    public override string ToString() => Dropped && Status == 0 ? "(dropped)" : $"{Status} {Text}";

    internal static TestResponse None(ExchangeRecord? record) => new(record) { Dropped = true };

    internal static TestResponse Of(HttpResponseMessage response, byte[] body, bool whole, ExchangeRecord? record)
    {
        var made = new TestResponse(record) { Status = (int)response.StatusCode, Reason = response.ReasonPhrase, Body = body, Dropped = !whole };
        Copy(response.Headers, made.Headers);
        Copy(response.Content.Headers, made.Headers);
        Copy(response.TrailingHeaders, made.Trailers);
        return made;
    }

    private static void Copy(HttpHeaders from, TestHeaders to)
    {
        foreach (var (name, values) in from.NonValidated)
        {
            to.Set(name, [.. values]);
        }
    }
}
