using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Bytes of a body: the first one and how many.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ByteRange(long First, long Count);

/// <summary>Range (RFC 9110, 14).</summary>
internal static class ByteRanges
{
    /// <summary>More than this, or ranges that overlap widely, are a way to make a small request a large answer.</summary>
    private const int Most = 50;

    /// <param name="range">The field.</param>
    /// <param name="length">Of the whole body.</param>
    /// <returns>Null where the whole is to be sent; empty where no range can be satisfied: 416.</returns>
    internal static IReadOnlyList<ByteRange>? Read(StringValues range, long length)
    {
        if (range is not [{ } text] || !text.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var ranges = new List<ByteRange>();
        var sets = 0;
        var sum = 0L;
        var rest = text.AsSpan("bytes=".Length);
        foreach (var part in rest.Split(','))
        {
            var spec = rest[part].Trim(" \t");
            if (spec.IsEmpty)
            {
                continue;
            }

            if (++sets > Most || !TryOne(spec, length, out var one))
            {
                return null;
            }

            if (one is { } satisfiable)
            {
                ranges.Add(satisfiable);
                sum += satisfiable.Count;
            }
        }

        return sets == 0 || (ranges.Count > 1 && sum > length) ? null : ranges;
    }

    /// <returns>False where it is no range; null in <paramref name="one"/> where it lies outside of the body.</returns>
    private static bool TryOne(ReadOnlySpan<char> spec, long length, out ByteRange? one)
    {
        one = null;
        var dash = spec.IndexOf('-');
        if (dash < 0)
        {
            return false;
        }

        if (dash == 0)
        {
            if (!TryNumber(spec[1..], out var last))
            {
                return false;
            }

            last = Math.Min(last, length);
            one = last > 0 ? new ByteRange(length - last, last) : null;
            return true;
        }

        var end = length - 1;
        if (!TryNumber(spec[..dash], out var first) || (dash < spec.Length - 1 && (!TryNumber(spec[(dash + 1)..], out end) || end < first)))
        {
            return false;
        }

        one = first < length ? new ByteRange(first, Math.Min(end, length - 1) - first + 1) : null;
        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long number)
    {
        number = 0;
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        // Longer than any body is as good as its end.
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            number = long.MaxValue;
        }

        return true;
    }
}
