using ScriptProxy.Core.Pipeline;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>The address at the peer.</summary>
internal static class Targets
{
    /// <summary>
    /// The client's own writing of path and query where no handler changed them, since decoding and encoding again may not give the same bytes.
    /// Not where it holds dot segments: what was matched and let in is the path without them.
    /// </summary>
    internal static Uri Make(Exchange exchange, string prefix, string? strip)
    {
        var request = exchange.Http.Request;
        if (exchange.TargetUntouched && exchange.UntouchedTarget is ['/', ..] raw && !raw.Contains("/.", StringComparison.Ordinal))
        {
            if (strip is null)
            {
                return Exact(prefix, raw);
            }

            if (raw.StartsWith(strip, StringComparison.Ordinal) && (raw.Length == strip.Length || raw[strip.Length] is '/' or '?'))
            {
                var rest = raw.AsSpan(strip.Length);
                return Exact(prefix, rest is ['/', ..] ? rest.ToString() : "/" + rest.ToString());
            }
        }

        var path = request.Path;
        if (strip is not null && path.StartsWithSegments(strip, StringComparison.OrdinalIgnoreCase, out var below))
        {
            path = below.HasValue ? below : "/";
        }

        return RequestUtilities.MakeDestinationAddress(prefix, path, request.QueryString);
    }

    private static Uri Exact(string prefix, string target) =>
        new(string.Concat(prefix.AsSpan().TrimEnd('/'), target), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
}
