using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Bodies;

/// <summary>A content coding that filters can look into.</summary>
internal enum ContentCoding
{
    Gzip,
    Deflate,
    Brotli,
}

/// <summary>Reads Content-Encoding and Accept-Encoding (RFC 9110, 8.4 and 12.5.3).</summary>
internal static class ContentCodings
{
    /// <summary>The codings that a peer may use when its answer is to be filtered, as Accept-Encoding says them.</summary>
    internal const string Supported = "gzip, deflate, br";

    /// <summary>A longer list is no honest answer: each layer multiplies what a small body can grow to.</summary>
    private const int MaxLayers = 3;

    /// <summary>The codings in the order they were applied.</summary>
    /// <exception cref="BodyNotFilterableException">One is unknown here, or there are more than three.</exception>
    internal static IReadOnlyList<ContentCoding> Parse(StringValues contentEncoding)
    {
        if (contentEncoding.Count == 0)
            return [];
        var codings = new List<ContentCoding>(1);
        foreach (var name in Elements(contentEncoding))
        {
            if (!Is(name, "identity"))
                codings.Add(Find(name) ?? throw new BodyNotFilterableException($"A body filter cannot read the content coding '{Clip(name)}'."));
        }

        return codings.Count <= MaxLayers
            ? codings
            : throw new BodyNotFilterableException($"A body filter does not read more than {MaxLayers} content codings on one body.");
    }

    /// <summary>Whether the client takes a body with these codings. One that sent no Accept-Encoding gets none.</summary>
    internal static bool Accepts(StringValues acceptEncoding, IReadOnlyList<ContentCoding> codings)
    {
        foreach (var coding in codings)
        {
            if (!Accepts(acceptEncoding, coding))
                return false;
        }

        return true;
    }

    /// <summary>What the client accepts, without what filters cannot read; "identity" where nothing is left.</summary>
    internal static string Limit(StringValues acceptEncoding)
    {
        var kept = new List<string>();
        foreach (var element in Elements(acceptEncoding))
        {
            var name = Name(element);
            if (Find(name) is not null || Is(name, "identity"))
                kept.Add(element);
            else if (Is(name, "*") && Weight(element) > 0)
                kept.Add(Supported);
        }

        return kept.Count > 0 ? string.Join(", ", kept) : "identity";
    }

    private static bool Accepts(StringValues acceptEncoding, ContentCoding coding)
    {
        var any = false;
        foreach (var element in Elements(acceptEncoding))
        {
            var name = Name(element);
            if (Find(name) == coding)
                return Weight(element) > 0;
            if (Is(name, "*"))
                any = Weight(element) > 0;
        }

        return any;
    }

    private static IEnumerable<string> Elements(StringValues header)
    {
        foreach (var line in header)
        {
            if (line is null)
                continue;
            foreach (var element in line.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                yield return element;
        }
    }

    private static string Name(string element) => element.Split(';')[0].Trim();

    /// <summary>The element's q; 1 where it has none, 0 where it is no number.</summary>
    private static double Weight(string element)
    {
        foreach (var parameter in element.Split(';').Skip(1))
        {
            var parts = parameter.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts.Length == 2 && Is(parts[0], "q"))
                return double.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight) ? weight : 0;
        }

        return 1;
    }

    private static ContentCoding? Find(string name) => name.ToLowerInvariant() switch
    {
        "gzip" or "x-gzip" => ContentCoding.Gzip,
        "deflate" => ContentCoding.Deflate,
        "br" => ContentCoding.Brotli,
        _ => null,
    };

    private static bool Is(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static string Clip(string name) => name.Length <= 40 ? name : name[..40];
}
