using ScriptProxy.Anonymizing;

namespace ScriptProxy;

/// <summary>What a level leaves open. Set for all in appsettings.json, <c>Plugins:Anonymity</c>, and by scripts on top of that.</summary>
/// <remarks>Names in lists may end with '*'. A list that is given takes the place of the one that is there; <c>Add</c> adds to it.</remarks>
public sealed class AnonymityOptions
{
    /// <summary>What a peer gets in the place of the client's address. Unless set, Pseudonym for Anonymous and Removed for Elite.</summary>
    public AddressForm? ClientAddress { get; set; }

    /// <summary>How long a client keeps its pseudonym; 1 minute to 366 days, counted from 1970 (UTC); a day unless set.</summary>
    public TimeSpan PseudonymPeriod { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Makes the pseudonyms of several gateways the same; 16 characters or more. Unless set, each period has a random key that is kept in memory alone and forgotten when it ends.</summary>
    public string? PseudonymSecret { get; set; }

    /// <summary>The User-Agent that peers see. Unless set, family, major version and platform for Anonymous, "Mozilla/5.0" for Elite.</summary>
    public string? UserAgent { get; set; }

    /// <summary>The Accept-Language that peers see. Unless set, the first choice without its region for Anonymous, none for Elite.</summary>
    public string? AcceptLanguage { get; set; }

    /// <summary>The cookies that pass in both directions. Unless set, all for Anonymous and none for Elite.</summary>
    public IList<string>? Cookies { get; set; }

    /// <summary>Parameters of the query that peers do not get: utm_*, gclid, fbclid and others unless set.</summary>
    public IList<string> TrackingParameters { get; set; } = [.. TrackingQuery.Known];

    /// <summary>Whether peers get what a browser asks of its own copy (If-None-Match, If-Modified-Since): a tag may be a name that the peer gave the visitor. Unless set, true for Anonymous and false for Elite.</summary>
    public bool? ConditionalRequests { get; set; }

    /// <summary>Whether peers are sent DNT: 1 and Sec-GPC: 1 for everybody; true unless set. What clients send of them always arrives.</summary>
    public bool SendSignals { get; set; } = true;

    /// <summary>Headers that stay as they are, in both directions.</summary>
    public IList<string> KeepHeaders { get; set; } = [];

    /// <summary>Headers that are removed besides those the level names, in both directions.</summary>
    public IList<string> RemoveHeaders { get; set; } = [];

    /// <summary>Scheme, host and port, such as "https://shop.example", that clients know the gateway by. Unless set, those of the request.</summary>
    public string? PublicAddress { get; set; }

    /// <summary>Host names, with or without a port, that no client may see, besides those of the upstream's servers.</summary>
    public IList<string> InternalHosts { get; set; } = [];

    /// <summary>Whether internal host names are replaced in bodies as well, while these stream; false unless set. Takes byte ranges from the route.</summary>
    public bool RewriteBodies { get; set; }

    /// <summary>The status from which on pages of a peer are replaced by a neutral one; 400 to 600, and 600 replaces none. Unless set, 500 for Anonymous and 400 for Elite.</summary>
    public int? ErrorPagesFrom { get; set; }

    /// <summary>What handlers of Log get in the place of the client's address; Truncated unless set.</summary>
    public AddressForm LogAddress { get; set; } = AddressForm.Truncated;

    /// <summary>Headers whose values handlers of Log do not get, besides those that carry addresses: Authorization, Cookie, Set-Cookie and Proxy-Authorization unless set.</summary>
    public IList<string> LogRedactedHeaders { get; set; } = ["Authorization", "Cookie", "Set-Cookie", "Proxy-Authorization"];

    /// <summary>Whether handlers of Log get the values in queries; false unless set, then names alone.</summary>
    public bool LogQueryValues { get; set; }

    internal AnonymityOptions Copy()
    {
        var copy = (AnonymityOptions)MemberwiseClone();
        copy.Cookies = Cookies is null ? null : [.. Cookies];
        copy.TrackingParameters = [.. TrackingParameters];
        copy.KeepHeaders = [.. KeepHeaders];
        copy.RemoveHeaders = [.. RemoveHeaders];
        copy.InternalHosts = [.. InternalHosts];
        copy.LogRedactedHeaders = [.. LogRedactedHeaders];
        return copy;
    }

    /// <returns>What is wrong; null where nothing is.</returns>
    internal string? Problem()
    {
        foreach (var (name, list) in Lists())
        {
            if (list is null)
            {
                return $"{name} is null; an empty list has no names";
            }

            if (list.FirstOrDefault(n => string.IsNullOrWhiteSpace(n) || n.IndexOf('*', StringComparison.Ordinal) is >= 0 and var star && star < n.Length - 1) is { } bad)
            {
                return $"'{bad}' in {name} is no name: a '*' stands at its end";
            }
        }

        return this switch
        {
            { PseudonymPeriod: var period } when period < TimeSpan.FromMinutes(1) || period > TimeSpan.FromDays(366) => $"PseudonymPeriod is 1 minute to 366 days, not {period}",
            { PseudonymSecret.Length: < 16 } => "PseudonymSecret has 16 characters or more",
            { ErrorPagesFrom: < 400 or > 600 } => $"ErrorPagesFrom is 400 to 600, not {ErrorPagesFrom}",
            { UserAgent: { } agent } when !IsHeaderValue(agent) => "UserAgent is no value of a header",
            { AcceptLanguage: { } language } when !IsHeaderValue(language) => "AcceptLanguage is no value of a header",
            { PublicAddress: { } address } when !IsOrigin(address) => $"PublicAddress is scheme, host and port, such as https://shop.example, not '{address}'",
            _ when !Enum.IsDefined(LogAddress) || (ClientAddress is { } form && !Enum.IsDefined(form)) => "there is no such form of an address",
            _ => InternalHosts.FirstOrDefault(h => HostAndPort.TryParse(h) is null) is { } host ? $"'{host}' in InternalHosts is no host" : null,
        };
    }

    private IEnumerable<(string Name, IList<string>? List)> Lists() =>
    [
        (nameof(Cookies), Cookies ?? []), (nameof(TrackingParameters), TrackingParameters), (nameof(KeepHeaders), KeepHeaders),
        (nameof(RemoveHeaders), RemoveHeaders), (nameof(InternalHosts), InternalHosts), (nameof(LogRedactedHeaders), LogRedactedHeaders),
    ];

    private static bool IsHeaderValue(string text) => text.Length > 0 && text.All(c => c is >= ' ' and <= '~');

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url.Scheme is "http" or "https" && text.TrimEnd('/') == url.GetLeftPart(UriPartial.Authority);
}
