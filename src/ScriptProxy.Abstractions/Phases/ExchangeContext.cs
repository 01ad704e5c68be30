using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Runtime;

namespace ScriptProxy;

/// <summary>What every phase of a request has. Valid until the handler's phase ends: like HttpContext it is used again for another request.</summary>
public abstract class ExchangeContext
{
    private protected ExchangeContext(ExchangeState exchange) => Exchange = exchange;

    internal ExchangeState Exchange { get; }

    /// <summary>The client's request, as the earlier phases left it.</summary>
    public HttpRequest Request => Exchange.Http.Request;

    /// <summary>The answer to the client.</summary>
    public HttpResponse Response
    {
        get
        {
            Exchange.MayWrite();
            return Exchange.Http.Response;
        }
    }

    /// <summary>The way out to all of ASP.NET Core.</summary>
    public HttpContext HttpContext => Exchange.Http;

    /// <summary>The route that was chosen; before that, one whose pattern is "(none)".</summary>
    public RouteInfo Route => Exchange.Route;

    /// <summary>The client's address: the connection's, or, behind proxies named with Trust, the one they forwarded. <see cref="IPAddress.None"/> on a Unix socket.</summary>
    public IPAddress ClientIp => Exchange.ClientIp;

    /// <summary>Unique for this request in this gateway; X-Request-Id of a trusted proxy is taken over.</summary>
    public string RequestId => Exchange.RequestId;

    /// <summary>The token of "Authorization: Bearer ..." (RFC 6750), without the scheme; null where there is none.</summary>
    public string? BearerToken
    {
        get
        {
            var value = Exchange.Http.Request.Headers.Authorization;
            const string Scheme = "Bearer ";
            return value.Count == 1 && value[0] is { } text && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                && text.AsSpan(Scheme.Length).Trim() is { Length: > 0 } token
                ? token.ToString()
                : null;
        }
    }

    /// <summary>Logs under the category ScriptProxy.Scripts (OpenResty's ngx.log). Plugins such as Anonymity may take out of a line what must not be written.</summary>
    public ILogger Logger => Exchange.Logger;

    /// <summary>The clock. Use it instead of DateTime.Now, so that tests can set it.</summary>
    public TimeProvider Time => Exchange.Time;

    /// <summary>Cancelled when the client went away or the gateway gives the request up (OpenResty's ngx.on_abort).</summary>
    public CancellationToken Aborted => Exchange.Http.RequestAborted;

    /// <summary>Typed state that lives as long as the request (OpenResty's ngx.ctx); the form for phase files: <c>Get(Tries)</c>.</summary>
    /// <param name="key">The key, a static field of the script.</param>
    public T Get<T>(ExchangeKey<T> key) => Exchange.Slot(key);

    /// <summary>Starts a request through the gateway's own routes (OpenResty's ngx.location.capture). Start several and await them together.</summary>
    /// <param name="path">Path and query, starting with '/'.</param>
    /// <param name="method">GET unless given.</param>
    /// <param name="body">Sent as UTF-8; none unless given. The caller's body is never sent along.</param>
    /// <param name="headers">Set on top of the caller's headers; a null or empty value removes a header.</param>
    /// <param name="inheritHeaders">False: only <paramref name="headers"/> are sent. True unless given.</param>
    /// <returns>As soon as the answer's headers are there; the body streams. Dispose it when the body is not read to its end.</returns>
    /// <exception cref="InvalidOperationException">Subrequests are nested deeper than the limit (10 unless set).</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(3)]
    public ValueTask<SubrequestResult> Subrequest(
        string path,
        string method = "GET",
        string? body = null,
        Dictionary<string, string>? headers = null,
        bool inheritHeaders = true) =>
        StartSubrequest(path, method, Utf8(body), Several(headers), inheritHeaders);

    /// <summary>The same with headers of several values, such as another request's.</summary>
    /// <inheritdoc cref="Subrequest(string, string, string, Dictionary{string, string}, bool)"/>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(2)]
    public ValueTask<SubrequestResult> Subrequest(
        string path,
        string method = "GET",
        string? body = null,
        IHeaderDictionary? headers = null,
        bool inheritHeaders = true) =>
        StartSubrequest(path, method, Utf8(body), headers, inheritHeaders);

    /// <summary>The same with a streaming body, which is read while it is sent.</summary>
    /// <inheritdoc cref="Subrequest(string, string, string, Dictionary{string, string}, bool)"/>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public ValueTask<SubrequestResult> Subrequest(
        string path,
        string method = "GET",
        Stream? body = null,
        Dictionary<string, string>? headers = null,
        bool inheritHeaders = true) =>
        StartSubrequest(path, method, body, Several(headers), inheritHeaders);

    /// <summary>The same with a streaming body, which is read while it is sent, and headers of several values.</summary>
    /// <inheritdoc cref="Subrequest(string, string, string, Dictionary{string, string}, bool)"/>
    public ValueTask<SubrequestResult> Subrequest(
        string path,
        string method = "GET",
        Stream? body = null,
        IHeaderDictionary? headers = null,
        bool inheritHeaders = true) =>
        StartSubrequest(path, method, body, headers, inheritHeaders);

    /// <summary>Sets typed state; see <see cref="Get{T}"/>.</summary>
    /// <param name="key">The key, a static field of the script.</param>
    /// <param name="value">The value.</param>
    public void Set<T>(ExchangeKey<T> key, T value) => Exchange.Slot(key) = value;

    private static MemoryStream? Utf8(string? body) => body is null ? null : new MemoryStream(System.Text.Encoding.UTF8.GetBytes(body), writable: false);

    private static IEnumerable<KeyValuePair<string, StringValues>>? Several(Dictionary<string, string>? headers) =>
        headers?.Select(h => KeyValuePair.Create(h.Key, new StringValues(h.Value)));

    private ValueTask<SubrequestResult> StartSubrequest(
        string path, string method, Stream? body, IEnumerable<KeyValuePair<string, StringValues>>? headers, bool inheritHeaders) =>
        Exchange.SubrequestAsync(new SubrequestOptions(path, method) { Body = body, Headers = headers, InheritHeaders = inheritHeaders });
}

/// <summary>The typed indexer of every context.</summary>
public static class ExchangeContextState
{
    extension<T>(ExchangeContext context)
    {
        /// <summary>Typed state that lives as long as the request (OpenResty's ngx.ctx); survives Exec: <c>r[Tries]++</c>.</summary>
        /// <param name="key">The key, a static field of the script.</param>
        public T this[ExchangeKey<T> key]
        {
            get => context.Exchange.Slot(key);
            set => context.Exchange.Slot(key) = value;
        }
    }
}
