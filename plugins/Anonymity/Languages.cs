using System.Globalization;

namespace ScriptProxy.Anonymizing;

/// <summary>Accept-Language reduced: the list of languages with their weights tells browsers apart.</summary>
internal static class Languages
{
    private const int LongestPrimary = 8;

    /// <summary>The language that is wanted most, the first of several, without region and script.</summary>
    /// <returns>Null where it names none.</returns>
    internal static string? First(ReadOnlySpan<char> header)
    {
        ReadOnlySpan<char> best = [];
        var weight = 0.0;
        foreach (var range in header.Split(','))
        {
            var item = header[range].Trim(" \t");
            var parameter = item.IndexOf(';');
            var primary = Primary((parameter < 0 ? item : item[..parameter]).TrimEnd(" \t"));
            var q = parameter < 0 ? 1 : Weight(item[(parameter + 1)..].Trim(" \t"));
            if (q > weight && !primary.IsEmpty)
            {
                best = primary;
                weight = q;
            }
        }

        if (best.IsEmpty)
        {
            return null;
        }

        Span<char> lower = stackalloc char[LongestPrimary];
        return new string(lower[..best.ToLowerInvariant(lower)]);
    }

    private static ReadOnlySpan<char> Primary(ReadOnlySpan<char> tag)
    {
        var hyphen = tag.IndexOf('-');
        var primary = hyphen < 0 ? tag : tag[..hyphen];
        return primary.Length is >= 2 and <= LongestPrimary && !primary.ContainsAnyExceptInRange('A', 'z') && primary.IndexOfAnyInRange('[', '`') < 0 ? primary : [];
    }

    /// <returns>0 where it is no weight.</returns>
    private static double Weight(ReadOnlySpan<char> parameter) =>
        parameter is ['q' or 'Q', '=', .. var q] && double.TryParse(q, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight) && weight <= 1 ? weight : 0;
}
