using System.Text;

namespace ScriptProxy.Core.Net;

/// <summary>What one proxy says in RFC 7239's Forwarded header, unquoted; null where it says nothing of it.</summary>
internal readonly record struct ForwardedElement(string? For, string? Proto, string? Host)
{
    /// <summary>False where the element breaks the grammar of section 4.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ForwardedElement element)
    {
        element = default;
        string? node = null;
        string? proto = null;
        string? host = null;
        while (!text.IsEmpty)
        {
            int equals = text.IndexOf('=');
            if (equals <= 0)
                return false;
            ReadOnlySpan<char> name = text[..equals].Trim(" \t");
            text = text[(equals + 1)..];
            if (!TryTakeValue(ref text, out string value))
                return false;

            bool once = name switch
            {
                _ when name.Equals("for", StringComparison.OrdinalIgnoreCase) => Put(ref node, value),
                _ when name.Equals("proto", StringComparison.OrdinalIgnoreCase) => Put(ref proto, value),
                _ when name.Equals("host", StringComparison.OrdinalIgnoreCase) => Put(ref host, value),
                _ => name.IndexOfAny(" \t\";") < 0,
            };
            if (!once)
                return false;
        }

        element = new ForwardedElement(node, proto, host);
        return true;
    }

    /// <summary>A parameter may occur once in an element.</summary>
    private static bool Put(ref string? slot, string value)
    {
        bool once = slot is null;
        slot = value;
        return once;
    }

    private static bool TryTakeValue(ref ReadOnlySpan<char> text, out string value)
    {
        if (text is not ['"', ..])
        {
            int end = text.IndexOf(';');
            ReadOnlySpan<char> token = (end < 0 ? text : text[..end]).Trim(" \t");
            text = end < 0 ? [] : text[(end + 1)..];
            value = token.ToString();
            return !token.IsEmpty && !token.Contains('"');
        }

        var unquoted = new StringBuilder();
        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                ReadOnlySpan<char> after = text[(i + 1)..].TrimStart(" \t");
                text = after.IsEmpty ? after : after[1..];
                value = unquoted.ToString();
                return after is [] or [';', ..];
            }

            if (text[i] == '\\' && ++i == text.Length)
                break;
            unquoted.Append(text[i]);
        }

        value = "";
        return false;
    }
}
