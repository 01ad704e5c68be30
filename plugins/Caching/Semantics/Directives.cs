using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Walks over the directives of Cache-Control and fields like it: comma-separated, quoted strings respected (RFC 9111, 5.2).</summary>
internal ref struct Directives
{
    private readonly StringValues _lines;
    private ReadOnlySpan<char> _rest;
    private int _line;

    internal Directives(StringValues lines)
    {
        _lines = lines;
        _line = -1;
    }

    /// <summary>Case as written.</summary>
    internal ReadOnlySpan<char> Name { get; private set; }

    /// <summary>Without the quotes, escapes as written; empty where there is none.</summary>
    internal ReadOnlySpan<char> Value { get; private set; }

    internal bool HasValue { get; private set; }

    /// <summary>There is white space around the '=', or the quotes do not match: what it means nobody can say.</summary>
    internal bool IsMalformed { get; private set; }

    internal bool Next()
    {
        while (true)
        {
            _rest = _rest.TrimStart(" \t,");
            if (!_rest.IsEmpty)
            {
                Take();
                return true;
            }

            if (++_line >= _lines.Count)
            {
                return false;
            }

            _rest = _lines[_line];
        }
    }

    internal readonly bool Is(string name) => Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private void Take()
    {
        var end = EndOfMember(_rest);
        var member = _rest[..end].TrimEnd(" \t");
        _rest = _rest[end..];
        var equals = member.IndexOf('=');
        Name = equals < 0 ? member : member[..equals];
        Value = equals < 0 ? default : member[(equals + 1)..];
        HasValue = equals >= 0;
        IsMalformed = Name.IsEmpty || Name.ContainsAny(" \t\"") || (HasValue && !Value.IsEmpty && Value[0] is ' ' or '\t');
        Name = Name.TrimEnd(" \t");
        Value = Value.TrimStart(" \t");
        if (Value is ['"', ..])
        {
            if (Value.Length < 2 || Value[^1] != '"' || EndOfQuoted(Value) != Value.Length)
            {
                IsMalformed = true;
                Value = Value.Trim('"');
            }
            else
            {
                Value = Value[1..^1];
            }
        }
    }

    /// <returns>Where the comma is that ends the first member, outside of quoted strings.</returns>
    internal static int EndOfMember(ReadOnlySpan<char> text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == ',')
            {
                return at;
            }

            if (text[at] == '"')
            {
                at += EndOfQuoted(text[at..]) - 1;
            }
        }

        return text.Length;
    }

    /// <returns>The length of the quoted string that begins the text; all of it where the closing quote is missing.</returns>
    private static int EndOfQuoted(ReadOnlySpan<char> text)
    {
        for (var at = 1; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == '"')
            {
                return at + 1;
            }
        }

        return text.Length;
    }
}

/// <summary>Counts of seconds (RFC 9111, 1.2.2).</summary>
internal static class DeltaSeconds
{
    /// <summary>What is greater than this is taken for this: 68 years are for ever.</summary>
    internal const long Most = 1L << 31;

    internal static bool TryParse(ReadOnlySpan<char> text, out TimeSpan span)
    {
        span = default;
        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var seconds = 0L;
        foreach (var c in text)
        {
            seconds = Math.Min((seconds * 10) + (c - '0'), Most);
        }

        span = TimeSpan.FromSeconds(seconds);
        return true;
    }
}
