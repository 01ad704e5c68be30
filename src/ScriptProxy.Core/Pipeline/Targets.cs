namespace ScriptProxy.Core.Pipeline;

/// <summary>What is asked of the peer.</summary>
internal static class Targets
{
    /// <summary>The whole address, for who takes no less.</summary>
    internal static Uri Make(string prefix, string target) => new(
        string.Concat(prefix.AsSpan().TrimEnd('/'), target),
        new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    /// <summary>
    /// Path and query, below the peer's own path.
    /// The client's own writing of the path where no handler changed it, since decoding and encoding again may not give the same bytes.
    /// Not where it holds dot segments or a fragment: what was matched and let in is the path without them.
    /// </summary>
    internal static string Make(Exchange exchange, string? strip)
    {
        var query = exchange.Http.Request.QueryString.Value;
        if (exchange.UntouchedTarget is not ['/', ..] raw || !exchange.PathUntouched || raw.Contains('#', StringComparison.Ordinal))
        {
            return Join(Decoded(exchange, strip), query);
        }

        var mark = raw.IndexOf('?', StringComparison.Ordinal);
        var path = mark < 0 ? raw : raw[..mark];
        path = RequestTarget.HasDotSegments(path) || Below(path, strip) is not { } below
            ? Decoded(exchange, strip)
            : below;
        return !exchange.QueryUntouched ? Join(path, query) : mark < 0 ? Join(path, "") : Join(path, raw[mark..]);

        // Null where only the decoded path can tell.
        string? Below(string written, string? prefixOff)
        {
            if (prefixOff is null)
            {
                return written;
            }

            if (written.StartsWith(prefixOff, StringComparison.Ordinal) && (written.Length == prefixOff.Length || written[prefixOff.Length] == '/'))
            {
                return written.Length == prefixOff.Length ? "/" : written[prefixOff.Length..];
            }

            return exchange.Http.Request.Path.StartsWithSegments(prefixOff, StringComparison.OrdinalIgnoreCase) ? null : written;
        }
    }

    private static string Decoded(Exchange exchange, string? strip)
    {
        var path = exchange.Http.Request.Path;
        if (strip is not null && path.StartsWithSegments(strip, StringComparison.OrdinalIgnoreCase, out var below))
        {
            path = below.HasValue ? below : "/";
        }

        // Empty after a handler took all of it off as a prefix: a request line without a path is none (RFC 9112, 3.2.1).
        return path.HasValue ? RequestTarget.EncodePath(path.Value) : "/";
    }

    private static string Join(string path, string? query) => string.IsNullOrEmpty(query) ? path : path + RequestTarget.Encode(query);
}
