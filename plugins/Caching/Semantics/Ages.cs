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

    /// <summary>Of several members the first counts (RFC 9111, 5.1). What cannot be read makes the answer stale, as all that says how fresh it is (RFC 9111, 4.2.1).</summary>
    internal static bool TryRead(StringValues age, out TimeSpan said)
    {
        said = default;
        if (age.Count == 0)
        {
            return true;
        }

        var line = age[0].AsSpan();
        var comma = line.IndexOf(',');
        return DeltaSeconds.TryParse((comma < 0 ? line : line[..comma]).Trim(" \t"), out said);
    }

    internal static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
