using System.Globalization;

namespace ScriptProxy.Anonymizing;

/// <summary>What stands behind "//" in a URL.</summary>
/// <param name="Host">An IPv6 address in its brackets; without a dot at its end.</param>
/// <param name="Port">0 where none is given.</param>
internal readonly record struct HostAndPort(string Host, int Port)
{
    /// <returns>Null where it is no host.</returns>
    internal static HostAndPort? TryParse(ReadOnlySpan<char> text)
    {
        var colon = text.LastIndexOf(':');
        var hasPort = colon >= 0 && colon > text.LastIndexOf(']');
        var host = (hasPort ? text[..colon] : text).TrimEnd('.');
        var port = 0;
        if (hasPort && colon < text.Length - 1
            && !(int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= ushort.MaxValue))
        {
            return null;
        }

        var named = host is ['[', .. var inner, ']'] ? inner : host;
        return named.IsEmpty || named.IndexOfAny("[]/\\?#@ \t\"<>*") >= 0 || (named.Length == host.Length && named.Contains(':')) ? null : new HostAndPort(host.ToString(), port);
    }

    internal bool IsHost(HostAndPort other) => Host.Equals(other.Host, StringComparison.OrdinalIgnoreCase);
}
