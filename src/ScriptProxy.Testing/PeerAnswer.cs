using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Testing;

/// <summary>What a server behind the gateway answers. A text is an answer with status 200, a number one without a body: <c>r => 503</c>.</summary>
public sealed class PeerAnswer
{
    private readonly List<(string Name, string Value)> _headers = [];
    private readonly RequestDelegate _write;

    private PeerAnswer(RequestDelegate write, bool waits = false)
    {
        _write = write;
        Waits = waits;
    }

    /// <summary>Takes the request and says nothing, until the gateway gives it up.</summary>
    public static PeerAnswer Never { get; } = new(static c => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted), waits: true);

    /// <summary>Takes the request and resets the connection.</summary>
    public static PeerAnswer Reset { get; } = new(static c =>
    {
        c.Abort();
        return Task.CompletedTask;
    });

    internal bool Waits { get; }

    /// <summary>A body of text, as text/plain unless <see cref="With"/> says otherwise.</summary>
    /// <param name="text">Sent as UTF-8.</param>
    /// <param name="status">200 unless given.</param>
    public static PeerAnswer Text(string text, int status = 200)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Of(status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));
    }

    /// <summary>A body of bytes without a Content-Type.</summary>
    /// <param name="body">Sent as it is.</param>
    /// <param name="status">200 unless given.</param>
    public static PeerAnswer Bytes(ReadOnlyMemory<byte> body, int status = 200) => Of(status, contentType: null, body.ToArray());

    /// <summary>A body of JSON.</summary>
    /// <param name="value">Written with the web's defaults: camelCase.</param>
    /// <param name="status">200 unless given.</param>
    public static PeerAnswer Json(object? value, int status = 200) =>
        Of(status, "application/json; charset=utf-8", JsonSerializer.SerializeToUtf8Bytes(value, JsonSerializerOptions.Web));

    /// <summary>A status alone.</summary>
    /// <param name="status">200 to 999.</param>
    public static PeerAnswer Status(int status) => Of(status, contentType: null, []);

    /// <summary>Whatever a server can do: streaming, trailers, WebSockets.</summary>
    /// <param name="write">Reads the request's body and writes the answer, as any ASP.NET Core handler does.</param>
    public static PeerAnswer Write(RequestDelegate write)
    {
        ArgumentNullException.ThrowIfNull(write);
        return new PeerAnswer(write);
    }

    /// <summary>The same with one more header. A header that is there once is replaced, Set-Cookie is added.</summary>
    /// <param name="name">The header's name.</param>
    /// <param name="value">Its value.</param>
    public PeerAnswer With(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var more = new PeerAnswer(_write, Waits);
        more._headers.AddRange(_headers);
        more._headers.Add((name, value));
        return more;
    }

    /// <summary>A text as an answer.</summary>
    /// <param name="text">The body.</param>
    public static implicit operator PeerAnswer(string text) => Text(text);

    /// <summary>A status as an answer.</summary>
    /// <param name="status">200 to 999.</param>
    public static implicit operator PeerAnswer(int status) => Status(status);

    internal Task WriteAsync(HttpContext context)
    {
        context.Response.OnStarting(() =>
        {
            foreach (var (name, value) in _headers)
            {
                context.Response.Headers[name] = name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase)
                    ? Microsoft.Extensions.Primitives.StringValues.Concat(context.Response.Headers[name], value)
                    : value;
            }

            return Task.CompletedTask;
        });
        return _write(context);
    }

    private static PeerAnswer Of(int status, string? contentType, byte[] body) => new(async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        if (HttpMethods.IsHead(context.Request.Method) || status is 204 or 205 or 304)
        {
            return;
        }

        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    });
}
