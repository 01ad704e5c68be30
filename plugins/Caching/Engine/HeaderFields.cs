using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>Which fields are stored, updated and sent.</summary>
internal static class HeaderFields
{
    /// <summary>Of one hop, or of one client and proxy (RFC 9111, 3.1). The length is that of the stored body.</summary>
    private static readonly HashSet<string> NotStored = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Age", "Alt-Svc",
    };

    /// <summary>A 304 does not change the body, nor what describes it (RFC 9111, 3.2).</summary>
    private static readonly HashSet<string> NotUpdated = new(StringComparer.OrdinalIgnoreCase)
    {
        "Content-Encoding", "Content-Range", "Content-MD5", "Content-Digest", "Repr-Digest", "ETag",
    };

    /// <summary>What a 304 to a client says (RFC 9110, 15.4.5).</summary>
    private static readonly HashSet<string> OfBody = new(StringComparer.OrdinalIgnoreCase)
    {
        "Content-Encoding", "Content-Type", "Content-Language", "Content-Range", "Content-MD5", "Content-Disposition",
    };

    private static readonly HashSet<string> Conditions = new(StringComparer.OrdinalIgnoreCase)
    {
        "If-None-Match", "If-Modified-Since", "If-Range", "Range",
    };

    internal static bool IsOfBody(string name) => OfBody.Contains(name);

    /// <summary>The client has something that may still be right.</summary>
    internal static bool HasCondition(IHeaderDictionary request) => request.IfNoneMatch.Count > 0 || request.IfModifiedSince.Count > 0;

    /// <summary>The origin can be asked whether it is still right.</summary>
    internal static bool CanBeConfirmed(StoredResponse stored) => stored.Header("ETag").Count > 0 || stored.Header("Last-Modified").Count > 0;

    /// <summary>The origin said for how long it may stand in for it.</summary>
    internal static bool SaysStaleIfError(StoredResponse stored) =>
        TargetedControl.Read(new HeaderDictionary(new Dictionary<string, StringValues>(stored.Headers, StringComparer.OrdinalIgnoreCase))).StaleIfError is not null;

    internal static KeyValuePair<string, StringValues>[] ToStore(IHeaderDictionary headers, IReadOnlyList<string> without, DateTimeOffset received)
    {
        var kept = new List<KeyValuePair<string, StringValues>>(headers.Count + 1);
        foreach (var header in headers)
        {
            if (!NotStored.Contains(header.Key) && !without.Contains(header.Key, StringComparer.OrdinalIgnoreCase))
            {
                kept.Add(header);
            }
        }

        if (headers.Date.Count == 0)
        {
            kept.Add(new("Date", HttpDates.Format(received)));
        }

        return [.. kept];
    }

    /// <summary>The fields of a stored answer with those of a 304 in their place.</summary>
    internal static IHeaderDictionary Freshened(StoredResponse stored, IHeaderDictionary news)
    {
        IHeaderDictionary merged = new HeaderDictionary();
        foreach (var (name, values) in stored.Headers)
        {
            merged[name] = values;
        }

        foreach (var (name, values) in news)
        {
            if (!NotStored.Contains(name) && !NotUpdated.Contains(name))
            {
                merged[name] = values;
            }
        }

        // The old age is gone with the old answer; the new one comes with this, or is 0.
        if (news.Age.Count > 0)
        {
            merged.Age = news.Age;
        }

        if (news.Date.Count == 0)
        {
            merged.Remove("Date");
        }

        return merged;
    }

    /// <summary>A client's request without its own conditions: what is fetched is to be whole.</summary>
    internal static HeaderDictionary ForFetch(IHeaderDictionary request)
    {
        var copy = new HeaderDictionary(request.Count + 2);
        foreach (var (name, values) in request)
        {
            if (!Conditions.Contains(name))
            {
                copy[name] = values;
            }
        }

        copy.Append("Surrogate-Capability", TargetedControl.Capability);
        return copy;
    }

    /// <summary>The same, so that the origin need only confirm what is stored (RFC 9111, 4.3.1).</summary>
    internal static IHeaderDictionary WithConditions(IHeaderDictionary request, StoredResponse? stored)
    {
        IHeaderDictionary copy = new HeaderDictionary(request.Count + 2);
        foreach (var (name, values) in request)
        {
            copy[name] = values;
        }

        if (stored is not null)
        {
            copy.IfNoneMatch = stored.Header("ETag");
            copy.IfModifiedSince = stored.Header("Last-Modified");
        }

        return copy;
    }
}
