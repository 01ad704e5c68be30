using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Preconditions of clients, answered from what is stored (RFC 9111, 4.3.2; RFC 9110, 13).</summary>
internal static class Validation
{
    /// <summary>Whether the client's copy is what is stored, so that 304 says it all.</summary>
    /// <param name="request">Its If-None-Match and If-Modified-Since.</param>
    /// <param name="etag">Of what is stored.</param>
    /// <param name="lastModified">Of what is stored.</param>
    /// <param name="date">Of what is stored, where it has no Last-Modified.</param>
    /// <param name="now">The time.</param>
    internal static bool IsNotModified(IHeaderDictionary request, StringValues etag, StringValues lastModified, StringValues date, DateTimeOffset now)
    {
        if (request.IfNoneMatch.Count > 0)
        {
            return Matches(request.IfNoneMatch, etag.Count > 0 ? etag[0] : null);
        }

        if (request.IfModifiedSince.Count != 1 || !HttpDates.TryParse(request.IfModifiedSince[0], now, out var since))
        {
            return false;
        }

        var changed = lastModified.Count > 0 ? lastModified[0] : date.Count > 0 ? date[0] : null;
        return HttpDates.TryParse(changed, now, out var stored) && stored <= since;
    }

    /// <summary>If-Range: a strong match of the tag, or exactly the date (RFC 9110, 13.1.5).</summary>
    /// <returns>False where the client must get the whole.</returns>
    internal static bool MaySendRange(StringValues ifRange, StringValues etag, StringValues lastModified, StringValues date, DateTimeOffset now)
    {
        if (ifRange.Count == 0)
        {
            return true;
        }

        var said = ifRange[0].AsSpan().Trim();
        if (said is ['"', ..] || IsWeak(said))
        {
            return !IsWeak(said) && etag.Count > 0 && said.SequenceEqual(etag[0].AsSpan().Trim());
        }

        return HttpDates.TryParse(said, now, out var then)
            && lastModified.Count > 0 && HttpDates.TryParse(lastModified[0], now, out var modified) && then == modified

            // Twice changed within a second it would have the same date (RFC 9110, 8.8.2.2).
            && date.Count > 0 && HttpDates.TryParse(date[0], now, out var sent) && sent - modified >= TimeSpan.FromSeconds(1);
    }

    /// <summary>By weak comparison, which is the one for If-None-Match.</summary>
    internal static bool Matches(StringValues ifNoneMatch, string? etag)
    {
        foreach (var line in ifNoneMatch)
        {
            var rest = line.AsSpan();
            while (!(rest = rest.TrimStart(" \t,")).IsEmpty)
            {
                var tag = TakeTag(ref rest);
                if (tag is "*" || (etag is not null && Opaque(tag).SequenceEqual(Opaque(etag.AsSpan().Trim()))))
                {
                    return true;
                }
            }
        }

        return false;
    }

    internal static bool IsWeak(ReadOnlySpan<char> tag) => tag is ['W', '/', ..];

    private static ReadOnlySpan<char> Opaque(ReadOnlySpan<char> tag) => IsWeak(tag) ? tag[2..] : tag;

    private static ReadOnlySpan<char> TakeTag(ref ReadOnlySpan<char> rest)
    {
        // A comma may be part of a quoted tag. Nothing is looked at twice, or a long list would take the square of its length.
        var end = rest.IndexOfAny(',', '"');
        if (end >= 0 && rest[end] == '"')
        {
            var close = rest[(end + 1)..].IndexOf('"');
            end = close < 0 ? -1 : end + 1 + close + 1;
        }

        end = end < 0 ? rest.Length : end;

        var tag = rest[..end].Trim(" \t");
        rest = rest[end..];
        return tag;
    }
}
