using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>The types of a bare item (RFC 9651, 3.3).</summary>
internal enum ItemKind
{
    Boolean,
    Integer,
    Decimal,
    String,
    Token,
    Bytes,
    Date,
    DisplayString,
    InnerList,
}

/// <summary>A member of a dictionary. Parameters are checked, not kept: nothing that the cache reads has any.</summary>
/// <param name="Kind">Its type.</param>
/// <param name="Number">Of an integer or a date; 1 for true.</param>
/// <param name="Text">Of a string, a token or a display string, unescaped.</param>
internal readonly record struct StructuredItem(ItemKind Kind, long Number, string? Text)
{
    internal bool IsTrue => Kind == ItemKind.Boolean && Number == 1;
}

/// <summary>Dictionaries of structured fields (RFC 8941, RFC 9651): strict, the whole field or nothing.</summary>
internal ref struct StructuredFields
{
    private const string SymbolsOfTokens = "!#$%&'*+-.^_`|~:/";

    private ReadOnlySpan<char> _text;

    private StructuredFields(ReadOnlySpan<char> text) => _text = text;

    /// <returns>The last of members with the same key; null where the field cannot be read.</returns>
    internal static Dictionary<string, StructuredItem>? ReadDictionary(StringValues lines)
    {
        var parser = new StructuredFields(lines.Count == 1 ? lines[0] : string.Join(", ", lines.ToArray()));
        var members = new Dictionary<string, StructuredItem>(StringComparer.Ordinal);
        return parser.TryDictionary(members) ? members : null;
    }

    /// <summary>Writes a string (RFC 9651, 4.1.6); what it cannot hold becomes '?'.</summary>
    internal static string Quote(string text)
    {
        var made = new System.Text.StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\')
            {
                made.Append('\\');
            }

            made.Append(c is >= ' ' and <= '~' ? c : '?');
        }

        return made.Append('"').ToString();
    }

    private bool TryDictionary(Dictionary<string, StructuredItem> members)
    {
        Skip(" ");
        while (!_text.IsEmpty)
        {
            if (!TryKey(out var key))
            {
                return false;
            }

            var item = new StructuredItem(ItemKind.Boolean, 1, null);
            if (!(Take('=') ? TryMember(out item) : TryParameters()))
            {
                return false;
            }

            members[key] = item;
            Skip(" \t");
            if (_text.IsEmpty)
            {
                return true;
            }

            if (!Take(','))
            {
                return false;
            }

            Skip(" \t");
            if (_text.IsEmpty)
            {
                // A comma at the end.
                return false;
            }
        }

        return true;
    }

    private bool TryMember(out StructuredItem item)
    {
        if (!Take('('))
        {
            return TryItem(out item);
        }

        item = new StructuredItem(ItemKind.InnerList, 0, null);
        while (true)
        {
            Skip(" ");
            if (Take(')'))
            {
                return TryParameters();
            }

            if (!TryItem(out _) || _text.IsEmpty || _text[0] is not (' ' or ')'))
            {
                return false;
            }
        }
    }

    private bool TryItem(out StructuredItem item) => TryBareItem(out item) && TryParameters();

    private bool TryParameters()
    {
        while (Take(';'))
        {
            Skip(" ");
            if (!TryKey(out _) || (Take('=') && !TryBareItem(out _)))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryKey(out string key)
    {
        key = "";
        if (_text.IsEmpty || !(char.IsAsciiLetterLower(_text[0]) || _text[0] == '*'))
        {
            return false;
        }

        var length = 1;
        while (length < _text.Length && (char.IsAsciiLetterLower(_text[length]) || char.IsAsciiDigit(_text[length]) || _text[length] is '_' or '-' or '.' or '*'))
        {
            length++;
        }

        key = _text[..length].ToString();
        _text = _text[length..];
        return true;
    }

    private bool TryBareItem(out StructuredItem item)
    {
        item = default;
        if (_text.IsEmpty)
        {
            return false;
        }

        switch (_text[0])
        {
            case '-' or (>= '0' and <= '9'):
                return TryNumber(out item);
            case '"':
                return TryString(out item);
            case '?':
                item = new StructuredItem(ItemKind.Boolean, _text is ['?', '1', ..] ? 1 : 0, null);
                return TakeIf(_text is ['?', '0' or '1', ..], 2);
            case ':':
                return TryBytes(out item);
            case '@':
                _text = _text[1..];
                return TryNumber(out var date) && date.Kind == ItemKind.Integer && Become(date with { Kind = ItemKind.Date }, out item);
            case '%':
                return TryDisplayString(out item);
            default:
                return TryToken(out item);
        }
    }

    private bool TryNumber(out StructuredItem item)
    {
        item = default;
        var negative = Take('-');
        var whole = Digits();
        if (whole is 0 or > 15 || !long.TryParse(_text[..whole], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        _text = _text[whole..];
        item = new StructuredItem(ItemKind.Integer, negative ? -number : number, null);
        if (!Take('.'))
        {
            return true;
        }

        var fraction = Digits();
        item = item with { Kind = ItemKind.Decimal };
        return whole <= 12 && TakeIf(fraction is >= 1 and <= 3, fraction);
    }

    private bool TryString(out StructuredItem item)
    {
        item = default;
        var made = new System.Text.StringBuilder();
        for (var at = 1; at < _text.Length; at++)
        {
            var c = _text[at];
            if (c == '"')
            {
                _text = _text[(at + 1)..];
                return Become(new StructuredItem(ItemKind.String, 0, made.ToString()), out item);
            }

            if (c is < ' ' or > '~' || (c == '\\' && (++at >= _text.Length || (c = _text[at]) is not ('"' or '\\'))))
            {
                return false;
            }

            made.Append(c);
        }

        return false;
    }

    private bool TryToken(out StructuredItem item)
    {
        item = default;
        if (!char.IsAsciiLetter(_text[0]) && _text[0] != '*')
        {
            return false;
        }

        var length = 1;
        while (length < _text.Length && (char.IsAsciiLetterOrDigit(_text[length]) || SymbolsOfTokens.Contains(_text[length], StringComparison.Ordinal)))
        {
            length++;
        }

        item = new StructuredItem(ItemKind.Token, 0, _text[..length].ToString());
        _text = _text[length..];
        return true;
    }

    private bool TryBytes(out StructuredItem item)
    {
        item = new StructuredItem(ItemKind.Bytes, 0, null);
        var end = _text[1..].IndexOf(':');
        return end >= 0 && System.Buffers.Text.Base64.IsValid(_text.Slice(1, end)) && TakeIf(true, end + 2);
    }

    private bool TryDisplayString(out StructuredItem item)
    {
        item = default;
        if (_text is not ['%', '"', ..])
        {
            return false;
        }

        var end = _text[2..].IndexOf('"');
        if (end < 0 || _text.Slice(2, end) is var inner && inner.ContainsAnyExceptInRange(' ', '~'))
        {
            return false;
        }

        for (var at = 0; at < inner.Length; at++)
        {
            if (inner[at] == '%' && !(at + 2 < inner.Length && char.IsAsciiHexDigitLower(inner[at + 1]) && char.IsAsciiHexDigitLower(inner[at + 2])))
            {
                return false;
            }
        }

        item = new StructuredItem(ItemKind.DisplayString, 0, Uri.UnescapeDataString(inner.ToString()));
        return TakeIf(true, end + 3);
    }

    private static bool Become(StructuredItem value, out StructuredItem item)
    {
        item = value;
        return true;
    }

    private readonly int Digits()
    {
        var end = _text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? _text.Length : end;
    }

    private bool Take(char c) => TakeIf(!_text.IsEmpty && _text[0] == c, 1);

    private bool TakeIf(bool holds, int length)
    {
        if (holds)
        {
            _text = _text[length..];
        }

        return holds;
    }

    private void Skip(string what) => _text = _text.TrimStart(what);
}
