namespace ScriptProxy.Anonymizing;

/// <summary>Where a visitor comes from.</summary>
internal static class Referers
{
    /// <summary>Scheme, host and port of a URL, with a slash at the end as browsers send it.</summary>
    /// <returns>Null where it is no URL of http or https.</returns>
    internal static string? Origin(string url)
    {
        if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var start = url.IndexOf("//", StringComparison.Ordinal) + 2;
        var end = url.AsSpan(start).IndexOfAny("/?#\\");
        var authority = end < 0 ? url.AsSpan(start) : url.AsSpan(start, end);
        authority = authority[(authority.LastIndexOf('@') + 1)..];
        return HostAndPort.TryParse(authority) is null ? null : $"{url.AsSpan(0, start)}{authority}/";
    }
}
