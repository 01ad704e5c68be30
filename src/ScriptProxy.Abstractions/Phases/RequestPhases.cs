using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>The phases that answer with a <see cref="Verdict"/>.</summary>
public abstract class VerdictContext : ExchangeContext
{
    private protected VerdictContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>Go on.</summary>
    public Verdict Next => Verdict.Next;

    /// <summary>Answer at once; HeaderFilter, BodyFilter and Log still run (OpenResty's ngx.exit with a body).</summary>
    /// <param name="status">200 to 999.</param>
    /// <param name="text">The body as UTF-8; none unless given.</param>
    /// <param name="contentType">text/plain; charset=utf-8 unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">The status is none that ends a request.</exception>
    public Verdict Respond(int status, string? text = null, string? contentType = null) => Verdict.Respond(status, text, contentType);

    /// <summary>Answers with a value as JSON (application/json; charset=utf-8), camelCase as in ASP.NET.</summary>
    /// <param name="value">Any serialisable value.</param>
    /// <param name="status">200 unless given.</param>
    public Verdict Json(object? value, int status = StatusCodes.Status200OK) =>
        Verdict.Respond(status, Exchange.SerializeJson(value), "application/json; charset=utf-8");

    /// <summary>Sends the client elsewhere (OpenResty's ngx.redirect).</summary>
    /// <param name="url">Absolute or relative.</param>
    /// <param name="status">301, 302 (unless given), 303, 307 or 308.</param>
    public Verdict Redirect(string url, int status = StatusCodes.Status302Found) => Verdict.Redirect(url, status);

    /// <summary>Runs the request again from routing with another path (OpenResty's ngx.exec); at most 10 times.</summary>
    /// <param name="path">A path that starts with '/', with a query or, without one, the query there is.</param>
    public Verdict Exec(string path) => Verdict.Exec(path);

    /// <summary>Closes the connection without an answer (nginx's 444); on HTTP/2 and 3 resets the stream.</summary>
    public Verdict Drop() => Verdict.Dropped;
}

/// <summary>The phases before the answer, which may read the request's body.</summary>
public abstract class RequestContext : VerdictContext
{
    private const int OneMebibyte = 1024 * 1024;

    private protected RequestContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>Reads the whole body as UTF-8; the peer still gets it (OpenResty's ngx.req.get_body_data).</summary>
    /// <param name="max">The most bytes to take; 1 MiB unless given. A longer body is refused with 413.</param>
    public async Task<string> ReadBodyAsync(long max = OneMebibyte) =>
        Encoding.UTF8.GetString((await Exchange.ReadBodyAsync(max)).Span);

    /// <summary>Reads the whole body; the peer still gets it.</summary>
    /// <param name="max">The most bytes to take; 1 MiB unless given. A longer body is refused with 413.</param>
    public async Task<byte[]> ReadBytesAsync(long max = OneMebibyte) => (await Exchange.ReadBodyAsync(max)).ToArray();

    /// <summary>Reads the whole body as JSON; the peer still gets it.</summary>
    /// <param name="max">The most bytes to take; 1 MiB unless given. A longer body is refused with 413.</param>
    /// <exception cref="System.Text.Json.JsonException">The body is no JSON of that shape.</exception>
    public async Task<T?> ReadJsonAsync<T>(long max = OneMebibyte) => Exchange.DeserializeJson<T>((await Exchange.ReadBodyAsync(max)).Span);

    /// <summary>Replaces the request's body (OpenResty's ngx.req.set_body_data).</summary>
    /// <param name="text">Sent as UTF-8.</param>
    public void SetBody(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        SetBody(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Replaces the request's body.</summary>
    /// <param name="bytes">The new body; not copied.</param>
    public void SetBody(byte[] bytes)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        Exchange.ReplaceBody(new MemoryStream(bytes, writable: false), bytes.Length);
    }

    /// <summary>Replaces the request's body by one that streams.</summary>
    /// <param name="body">Read while it is sent to the peer.</param>
    /// <param name="length">In bytes; null where it is not known, then it is sent chunked.</param>
    public void SetBody(Stream body, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        Exchange.ReplaceBody(body, length);
    }
}

/// <summary>Rewrite: change method, path, query and headers; on the gateway before a route is chosen (server_rewrite_by_lua), on a route after (rewrite_by_lua).</summary>
public sealed class RewriteContext : RequestContext
{
    internal RewriteContext(ExchangeState exchange)
        : base(exchange)
    {
    }
}

/// <summary>Access: let in, refuse, redirect (access_by_lua).</summary>
public sealed class AccessContext : RequestContext
{
    internal AccessContext(ExchangeState exchange)
        : base(exchange)
    {
    }
}

/// <summary>Content: write the answer; nothing is proxied (content_by_lua). Answer with a verdict, or write to Response and answer nothing.</summary>
public sealed class ContentContext : RequestContext
{
    internal ContentContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>Answers 200 with text (text/plain; charset=utf-8).</summary>
    /// <param name="text">The body.</param>
    /// <param name="status">200 unless given.</param>
    /// <param name="contentType">text/plain; charset=utf-8 unless given.</param>
    public Verdict Text(string text, int status = StatusCodes.Status200OK, string? contentType = null) => Verdict.Respond(status, text, contentType);

    /// <summary>Answers 200 with text of another type.</summary>
    /// <param name="text">The body.</param>
    /// <param name="contentType">Such as text/html; charset=utf-8.</param>
    public Verdict Text(string text, string contentType) => Text(text, StatusCodes.Status200OK, contentType);

    /// <summary>Answers with bytes.</summary>
    /// <param name="bytes">The body; not copied.</param>
    /// <param name="contentType">application/octet-stream unless given.</param>
    /// <param name="status">200 unless given.</param>
    public Verdict Bytes(byte[] bytes, string? contentType = null, int status = StatusCodes.Status200OK) =>
        Verdict.Respond(status, bytes, contentType ?? "application/octet-stream");

    /// <summary>Answers with a file: ranges and conditional requests included.</summary>
    /// <param name="path">Relative to the folder of proxy.csx, or absolute. Never build it from a request without checking it.</param>
    /// <param name="contentType">By the file's ending unless given.</param>
    public Verdict File(string path, string? contentType = null) => Verdict.File(path, contentType);
}

/// <summary>Error: replace the answer when something failed (error_page). Next keeps the gateway's own answer.</summary>
public sealed class ErrorContext : VerdictContext
{
    internal ErrorContext(ExchangeState exchange)
        : base(exchange)
    {
    }

    /// <summary>What failed; null where only the status tells it.</summary>
    public Exception? Error => Exchange.Error;

    /// <summary>Whose fault it is.</summary>
    public ErrorSource Source => Exchange.ErrorSource;

    /// <summary>The peer of the last attempt; null where none was asked.</summary>
    public Peer? Peer => Exchange.Peer;

    /// <summary>How many times a peer was asked.</summary>
    public int Attempts => Exchange.Attempts;
}
