using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ScriptProxy.Anonymizing;

/// <summary>
/// What handlers of Log see: copies without what must not be written down, in the place of the request, the answer's head and the connection.
/// The originals stay as they are, since the server still needs them.
/// </summary>
internal static class LogView
{
    internal const string Redacted = "(redacted)";

    internal static void Put(Policy policy, LogContext l)
    {
        // Both are worked out from what is hidden below.
        _ = l.RequestId;
        _ = LogSecrets.Of(policy, l);
        var address = ClientAddresses.Logged(l.ClientIp, policy.Options.LogAddress, policy.Pseudonyms, Policy.AsksForPrivacy(l.Request));
        l.HideClient(address);
        var features = l.HttpContext.Features;
        if (features.Get<IHttpConnectionFeature>() is { } connection)
        {
            features.Set<IHttpConnectionFeature>(new HttpConnectionFeature
            {
                ConnectionId = connection.ConnectionId,
                LocalIpAddress = connection.LocalIpAddress,
                LocalPort = connection.LocalPort,
                RemoteIpAddress = address,
            });
        }

        features.Set<IHttpRequestFeature>(Of(policy, features.GetRequiredFeature<IHttpRequestFeature>()));
        var response = features.GetRequiredFeature<IHttpResponseFeature>();
        if (Headers(policy, response.Headers) is { } headers)
        {
            features.Set<IHttpResponseFeature>(new HttpResponseFeature { StatusCode = response.StatusCode, Headers = headers });
        }
    }

    private static HttpRequestFeature Of(Policy policy, IHttpRequestFeature request)
    {
        var query = policy.Options.LogQueryValues ? request.QueryString : TrackingQuery.WithoutValues(request.QueryString);
        var raw = request.RawTarget;
        var mark = raw.IndexOf('?', StringComparison.Ordinal);
        var headers = Headers(policy, request.Headers) ?? request.Headers;
        if (!policy.Options.LogQueryValues && headers.Referer is [{ } referer] && referer.Contains('?', StringComparison.Ordinal))
        {
            headers = ReferenceEquals(headers, request.Headers) ? new HeaderDictionary(headers.ToDictionary(StringComparer.OrdinalIgnoreCase)) : headers;
            var at = referer.IndexOf('?', StringComparison.Ordinal);
            headers.Referer = string.Concat(referer.AsSpan(0, at), TrackingQuery.WithoutValues(referer.AsSpan(at)));
        }

        return new HttpRequestFeature
        {
            Protocol = request.Protocol,
            Scheme = request.Scheme,
            Method = request.Method,
            PathBase = request.PathBase,
            Path = request.Path,
            QueryString = query,
            RawTarget = mark < 0 || policy.Options.LogQueryValues ? raw : string.Concat(raw.AsSpan(0, mark), TrackingQuery.WithoutValues(raw.AsSpan(mark))),
            Headers = headers,
            Body = Stream.Null,
        };
    }

    /// <returns>Null where none has to be hidden.</returns>
    private static HeaderDictionary? Headers(Policy policy, IHeaderDictionary headers)
    {
        HeaderDictionary? copy = null;
        foreach (var (name, _) in headers)
        {
            if (policy.LogRedactedHeaders.Contains(name))
            {
                copy ??= new HeaderDictionary(headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
                copy[name] = Redacted;
            }
        }

        return copy;
    }
}
