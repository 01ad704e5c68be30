namespace ScriptProxy;

/// <summary>The route that a request took.</summary>
public sealed class RouteInfo
{
    internal RouteInfo(string pattern, string? upstream, string source)
    {
        Pattern = pattern;
        Upstream = upstream;
        Source = source;
    }

    /// <summary>The pattern as written, or "(none)" where no route matched.</summary>
    public string Pattern { get; }

    /// <summary>The upstream's name; null where the route answers by itself.</summary>
    public string? Upstream { get; }

    /// <summary>Where the route is written: file:line.</summary>
    public string Source { get; }

    internal static RouteInfo None { get; } = new("(none)", null, "");

    /// <inheritdoc />
    public override string ToString() => Pattern;
}
