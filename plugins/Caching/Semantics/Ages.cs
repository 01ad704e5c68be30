using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>How old an answer was when it came (RFC 9111, 4.2.3).</summary>
internal static class Ages
{
    /// <summary>corrected_initial_age. Null where Age says something that nobody can read: then nobody knows.</summary>
    internal static TimeSpan? Initial(IHeaderDictionary headers, DateTimeOffset requested, DateTimeOffset received)
    {
        if (!TryRead(headers.Age, out var said))
        {
            return null;
        }

        var corrected = said + Max(TimeSpan.Zero, received - requested);
        var apparent = HttpDates.TryParse(headers.Date.Count > 0 ? headers.Date[0] : "", received, out var date) ? received - date : TimeSpan.Zero;
        return Max(Max(TimeSpan.Zero, apparent), corrected);
    }

    /// <summary>Of a list in one line the first counts (RFC 9111, 5.1).</summary>
    /// <remarks>
    /// What is said twice, on two lines or as the same number again, is a message that was put together wrongly on its way: its age is
    /// not believed. RFC 9111 would have what cannot be read ignored; to ask the origin again is the safe side of that.
    /// </remarks>
    internal static bool TryRead(StringValues age, out TimeSpan said)
    {
        said = default;
        if (age.Count == 0)
        {
            return true;
        }

        var line = age[0].AsSpan();
        var comma = line.IndexOf(',');
        var first = (comma < 0 ? line : line[..comma]).Trim(" \t");
        return age.Count == 1 && DeltaSeconds.TryParse(first, out said) && (comma < 0 || !Repeats(line[(comma + 1)..], first));
    }

    private static bool Repeats(ReadOnlySpan<char> rest, ReadOnlySpan<char> first)
    {
        foreach (var part in rest.Split(','))
        {
            if (rest[part].Trim(" \t").SequenceEqual(first))
            {
                return true;
            }
        }

        return false;
    }

    internal static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
