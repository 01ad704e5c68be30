using System.Globalization;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Dates as HTTP writes them (RFC 9110, 5.6.7), read as generously as RFC 9111, 4.2 asks of a cache.</summary>
internal static class HttpDates
{
    private const int LongestField = 64;

    private static readonly string[] Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    internal static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("r", CultureInfo.InvariantCulture);

    /// <summary>Reads IMF-fixdate, the form of RFC 850 and that of asctime, in any case; the name of the day is not compared, commas and the number of spaces are not.</summary>
    /// <param name="text">The field's value.</param>
    /// <param name="now">Decides the century of a year of two digits.</param>
    /// <param name="time">The time, in UTC.</param>
    /// <returns>False where it is no date, or names a time zone other than GMT.</returns>
    internal static bool TryParse(ReadOnlySpan<char> text, DateTimeOffset now, out DateTimeOffset time)
    {
        time = default;
        if (text.Length is 0 or > LongestField)
        {
            return false;
        }

        // The name of the day, then (day, month, year, clock, GMT) or, from asctime, (month, day, clock, year).
        Span<Range> parts = stackalloc Range[9];
        var count = Split(text, parts);
        if (count < 5 || !IsWord(text[parts[0]]))
        {
            return false;
        }

        var asctime = count == 5 && IsWord(text[parts[1]]);
        var (day, month, year, clock) = asctime ? (2, 1, 4, 3) : (1, 2, 3, 4);
        if (!asctime && (count != 6 || !text[parts[5]].Equals("GMT", StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        return TryDay(text[parts[day]], out var dayNumber)
            && TryMonth(text[parts[month]], out var monthNumber)
            && TryYear(text[parts[year]], now, asctime, out var yearNumber)
            && TryClock(text[parts[clock]], out var ofDay)
            && TryMake(yearNumber, monthNumber, dayNumber, ofDay, out time)
            && (text[parts[year]].Length > 2 || !IsFarAhead(time, now) || TryMake(yearNumber - 100, monthNumber, dayNumber, ofDay, out time));
    }

    /// <summary>Where the year has two digits this is a time of the last century (RFC 9110, 5.6.7).</summary>
    private static bool IsFarAhead(DateTimeOffset time, DateTimeOffset now) => now.Year < 9900 && time > now.AddYears(50);

    /// <summary>At spaces, commas, and the dashes of RFC 850.</summary>
    private static int Split(ReadOnlySpan<char> text, Span<Range> parts)
    {
        var count = 0;
        for (var at = 0; at < text.Length;)
        {
            if (text[at] is ' ' or ',' or '-' or '\t')
            {
                if (text[at] == '-' && (at == 0 || text[at - 1] is ' ' or '-'))
                {
                    // A dash joins two parts, or it is a sign.
                    return -1;
                }

                at++;
                continue;
            }

            var end = text[at..].IndexOfAny(" ,-\t");
            end = end < 0 ? text.Length : at + end;
            if (count == parts.Length)
            {
                return -1;
            }

            parts[count++] = at..end;
            at = end;
        }

        return count;
    }

    private static bool IsWord(ReadOnlySpan<char> part)
    {
        foreach (var c in part)
        {
            if (!char.IsAsciiLetter(c))
            {
                return false;
            }
        }

        return part.Length is >= 3 and <= 9;
    }

    private static bool TryDay(ReadOnlySpan<char> part, out int day) => TryDigits(part, 1, 2, out day) && day is >= 1 and <= 31;

    private static bool TryMonth(ReadOnlySpan<char> part, out int month)
    {
        for (month = 1; month <= Months.Length; month++)
        {
            if (part.Equals(Months[month - 1], StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryYear(ReadOnlySpan<char> part, DateTimeOffset now, bool asctime, out int year)
    {
        if (part.Length != 2 || asctime)
        {
            return TryDigits(part, 4, 4, out year) && year >= 1;
        }

        if (!TryDigits(part, 2, 2, out year))
        {
            return false;
        }

        year += now.UtcDateTime.Year / 100 * 100;
        return true;
    }

    private static bool TryClock(ReadOnlySpan<char> part, out TimeSpan ofDay)
    {
        ofDay = default;
        Span<Range> parts = stackalloc Range[4];
        if (part.Split(parts, ':') != 3
            || !TryDigits(part[parts[0]], 1, 2, out var hour)
            || !TryDigits(part[parts[1]], 2, 2, out var minute)
            || !TryDigits(part[parts[2]], 2, 2, out var second)
            || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }

        // A leap second is taken for the second before it: never for a later time.
        ofDay = new TimeSpan(hour, minute, Math.Min(second, 59));
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<char> part, int least, int most, out int number)
    {
        number = 0;
        if (part.Length < least || part.Length > most)
        {
            return false;
        }

        foreach (var c in part)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return true;
    }

    private static bool TryMake(int year, int month, int day, TimeSpan ofDay, out DateTimeOffset time)
    {
        if (day > DateTime.DaysInMonth(year, month))
        {
            time = default;
            return false;
        }

        time = new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero) + ofDay;
        return true;
    }
}
