using System.Globalization;
using System.Net;
using System.Text;

namespace ScriptProxy.Core.Tls;

/// <summary>One spelling for every way to write a host: lower case, A-labels (RFC 5890), no brackets, no final dot.</summary>
internal static class HostNames
{
    private const int LongestName = 253;

    private static readonly IdnMapping Idn = new();

    /// <summary>Null where the text can be no host name.</summary>
    public static string? Normalize(string host)
    {
        string name = host is ['[', .. var inner, ']'] ? inner : host;
        if (AsAddress(name) is { } address)
            return address.ToString();

        name = name.TrimEnd('.');
        if (name.Length is 0 or > LongestName)
            return null;
        if (!Ascii.IsValid(name))
        {
            try
            {
                name = Idn.GetAscii(name.ToLowerInvariant());
            }
            catch (ArgumentException)
            {
                return null;
            }
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
                return null;
        }

        return name.Contains("..", StringComparison.Ordinal) || name[0] == '.' ? null : name.ToLowerInvariant();
    }

    /// <summary>An IP literal; the framework alone would also take "7" and "1.2" for addresses.</summary>
    public static IPAddress? AsAddress(string text)
    {
        bool looksLikeOne = text.Contains(':', StringComparison.Ordinal) || text.AsSpan().Count('.') == 3;
        return looksLikeOne && IPAddress.TryParse(text, out IPAddress? address) ? address : null;
    }
}
