using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>Cache-Status (RFC 9211): what was done, and why.</summary>
internal static class CacheStatusField
{
    internal const string Name = "Cache-Status";

    private const string Cache = "ScriptProxy";

    private static readonly SearchValues<char> InTokens = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    internal static string Hit(TimeSpan ttl, string detail) => $"{Cache}; hit; ttl={Seconds(ttl)}; detail={Detail(detail)}";

    /// <param name="why">As RFC 9211 names it: bypass, method, uri-miss, vary-miss, request, stale, partial.</param>
    /// <param name="status">What the origin answered; null where it was not asked in the end.</param>
    /// <param name="stored">It is stored.</param>
    /// <param name="collapsed">Another request's answer served this one as well.</param>
    /// <param name="detail">Our own word for it.</param>
    internal static string Forward(string why, int? status, bool stored, bool collapsed, string? detail)
    {
        var made = new StringBuilder(Cache).Append("; fwd=").Append(why);
        if (status is { } code)
        {
            made.Append("; fwd-status=").Append(code.ToString(CultureInfo.InvariantCulture));
        }

        if (stored)
        {
            made.Append("; stored");
        }

        if (collapsed)
        {
            made.Append("; collapsed");
        }

        return detail is null ? made.ToString() : made.Append("; detail=").Append(Detail(detail)).ToString();
    }

    /// <summary>Nothing stored was used, and nobody was asked.</summary>
    internal static string Neither(string detail) => $"{Cache}; detail={Detail(detail)}";

    internal static void Append(IHeaderDictionary headers, string value) => headers.Append(Name, value);

    /// <summary>Rounded up, so that what is fresh never says 0.</summary>
    private static string Seconds(TimeSpan ttl) => ((long)Math.Ceiling(ttl.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static string Detail(string detail) => detail.AsSpan().ContainsAnyExcept(InTokens) || !char.IsAsciiLetterLower(detail[0])
        ? StructuredFields.Quote(detail)
        : detail;
}
