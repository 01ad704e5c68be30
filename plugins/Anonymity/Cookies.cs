using System.Text;

namespace ScriptProxy.Anonymizing;

/// <summary>Cookies by their names.</summary>
internal static class Cookies
{
    /// <summary>The pairs of a Cookie header that may pass, as they are written.</summary>
    /// <returns>Null where none may.</returns>
    internal static string? Allowed(ReadOnlySpan<char> header, NameList names)
    {
        StringBuilder? kept = null;
        foreach (var range in header.Split(';'))
        {
            var pair = header[range].Trim(" \t");
            if (!pair.IsEmpty && names.Contains(Name(pair)))
            {
                kept ??= new StringBuilder(header.Length);
                kept.Append(kept.Length == 0 ? "" : "; ").Append(pair);
            }
        }

        return kept?.ToString();
    }

    /// <summary>The name of a pair, or of a whole Set-Cookie header.</summary>
    internal static ReadOnlySpan<char> Name(ReadOnlySpan<char> pair)
    {
        var end = pair.IndexOfAny('=', ';');
        return (end < 0 ? pair : pair[..end]).Trim(" \t");
    }

    /// <summary>A Set-Cookie header made the gateway's own: an internal domain is taken off, so that the cookie belongs to the public host, and the path is the public one.</summary>
    internal static string Publish(string header, PublicAddress address, string publicHost)
    {
        StringBuilder? changed = null;
        var text = header.AsSpan();
        foreach (var range in text.Split(';'))
        {
            var attribute = text[range];
            var trimmed = attribute.Trim(" \t");
            string? replacement = null;
            var remove = false;
            if (range.Start.Value > 0 && Value(trimmed, "Domain") is { IsEmpty: false } domain)
            {
                remove = !Covers(domain.TrimStart('.'), publicHost);
            }
            else if (range.Start.Value > 0 && Value(trimmed, "Path") is ['/', ..] path && address.PathOf(path) is { } published)
            {
                replacement = $" Path={published}";
            }

            if (remove || replacement is not null)
            {
                changed ??= new StringBuilder().Append(text[..(range.Start.Value - 1)]);
            }

            if (changed is not null && !remove)
            {
                changed.Append(';').Append(replacement is null ? attribute : replacement);
            }
        }

        return changed?.ToString() ?? header;
    }

    private static bool Covers(ReadOnlySpan<char> domain, ReadOnlySpan<char> host) =>
        host.EndsWith(domain, StringComparison.OrdinalIgnoreCase) && (host.Length == domain.Length || host[^(domain.Length + 1)] == '.');

    private static ReadOnlySpan<char> Value(ReadOnlySpan<char> attribute, ReadOnlySpan<char> name)
    {
        var equals = attribute.IndexOf('=');
        return equals > 0 && attribute[..equals].TrimEnd(" \t").Equals(name, StringComparison.OrdinalIgnoreCase) ? attribute[(equals + 1)..].Trim(" \t") : [];
    }
}
