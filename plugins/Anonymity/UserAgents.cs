namespace ScriptProxy.Anonymizing;

/// <summary>User-Agent reduced to what decides which page to send: family, major version, platform.</summary>
internal static class UserAgents
{
    /// <summary>What tells nothing, and what nearly every browser's begins with.</summary>
    internal const string Neutral = "Mozilla/5.0";

    private const int LongestVersion = 4;

    /// <summary>By the browsers' own reduced forms; tools keep their name and major version, all else becomes <see cref="Neutral"/>.</summary>
    internal static string Reduce(ReadOnlySpan<char> agent)
    {
        if (!agent.StartsWith("Mozilla/", StringComparison.Ordinal))
        {
            return Tool(agent);
        }

        var platform = Platform(agent, out var mobile);
        if (Version(agent, "Firefox/") is { IsEmpty: false } firefox)
        {
            return $"Mozilla/5.0 ({platform}; rv:{firefox}.0) Gecko/20100101 Firefox/{firefox}.0";
        }

        var end = mobile ? " Mobile" : "";
        if (Version(agent, "Chrome/") is { IsEmpty: false } chrome)
        {
            var edge = Version(agent, "Edg/");
            return $"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chrome}.0.0.0{end} Safari/537.36" + (edge.IsEmpty ? "" : $" Edg/{edge}.0.0.0");
        }

        return agent.Contains("Safari/", StringComparison.Ordinal) && Version(agent, "Version/") is { IsEmpty: false } safari
            ? $"Mozilla/5.0 ({platform}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{safari}.0{(mobile ? " Mobile/15E148" : "")} Safari/605.1.15"
            : Neutral;
    }

    private static string Platform(ReadOnlySpan<char> agent, out bool mobile)
    {
        mobile = agent.Contains("Mobile", StringComparison.Ordinal);
        return agent switch
        {
            _ when agent.Contains("Android", StringComparison.Ordinal) => "Linux; Android 10; K",
            _ when agent.Contains("iPad", StringComparison.Ordinal) => "iPad; CPU OS 18_0 like Mac OS X",
            _ when agent.Contains("iPhone", StringComparison.Ordinal) => "iPhone; CPU iPhone OS 18_0 like Mac OS X",
            _ when agent.Contains("Windows", StringComparison.Ordinal) => "Windows NT 10.0; Win64; x64",
            _ when agent.Contains("Macintosh", StringComparison.Ordinal) => "Macintosh; Intel Mac OS X 10_15_7",
            _ when agent.Contains("CrOS", StringComparison.Ordinal) => "X11; CrOS x86_64 14541.0.0",
            _ => "X11; Linux x86_64",
        };
    }

    private static string Tool(ReadOnlySpan<char> agent)
    {
        var name = agent[..TokenLength(agent)];
        if (name.Length is 0 or > 32)
        {
            return Neutral;
        }

        var major = agent[name.Length..] is ['/', .. var rest] ? Major(rest) : [];
        return major.IsEmpty ? name.ToString() : $"{name}/{major}";
    }

    private static int TokenLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] is '-' or '_' or '.'))
        {
            length++;
        }

        return length;
    }

    /// <returns>Empty where the product is not there, or its version is none.</returns>
    private static ReadOnlySpan<char> Version(ReadOnlySpan<char> agent, ReadOnlySpan<char> product)
    {
        var at = agent.IndexOf(product, StringComparison.Ordinal);
        return at < 0 ? [] : Major(agent[(at + product.Length)..]);
    }

    private static ReadOnlySpan<char> Major(ReadOnlySpan<char> version)
    {
        var end = version.IndexOfAnyExceptInRange('0', '9');
        var major = end < 0 ? version : version[..end];
        return major.Length <= LongestVersion ? major : [];
    }
}
