using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Anonymizing;

/// <summary>A level of a route with its options, worked out when the route was composed.</summary>
internal sealed class Policy
{
    internal Policy(Anonymity level, AnonymityOptions options, Pseudonyms pseudonyms, PublicAddress address)
    {
        Level = level;
        Options = options;
        Pseudonyms = pseudonyms;
        Address = address;
        ClientAddress = AddressAt(level, options);
        ConditionalRequests = PassesConditions(level, options);
        Cookies = AllowedCookies(level, options) is { } names ? new NameList(names, ignoreCase: false) : null;
        TrackingParameters = new NameList(options.TrackingParameters, ignoreCase: true);
        LogRedactedHeaders = new NameList(options.LogRedactedHeaders.Concat(ClientAddresses.Headers).Append("Forwarded"), ignoreCase: true);
        UserAgent = options.UserAgent ?? (level == Anonymity.Elite ? UserAgents.Neutral : null);
        ErrorPagesFrom = options.ErrorPagesFrom ?? ErrorPagesAt(level);
        Request = new Rules<UpstreamRequestContext>(RequestFields.All, level, options);
        Response = new Rules<HeaderFilterContext>(ResponseFields.All, level, options);
    }

    internal Anonymity Level { get; }

    internal AnonymityOptions Options { get; }

    internal Pseudonyms Pseudonyms { get; }

    internal PublicAddress Address { get; }

    internal AddressForm ClientAddress { get; }

    internal bool ConditionalRequests { get; }

    /// <summary>Those that pass; null for all.</summary>
    internal NameList? Cookies { get; }

    internal NameList TrackingParameters { get; }

    internal NameList LogRedactedHeaders { get; }

    /// <summary>Everybody's; null where it is a reduced form of the client's.</summary>
    internal string? UserAgent { get; }

    internal int ErrorPagesFrom { get; }

    internal Rules<UpstreamRequestContext> Request { get; }

    internal Rules<HeaderFilterContext> Response { get; }

    internal static AddressForm AddressAt(Anonymity level, AnonymityOptions options) =>
        options.ClientAddress ?? (level == Anonymity.Elite ? AddressForm.Removed : AddressForm.Pseudonym);

    internal static bool PassesConditions(Anonymity level, AnonymityOptions options) => options.ConditionalRequests ?? level != Anonymity.Elite;

    internal static IList<string>? AllowedCookies(Anonymity level, AnonymityOptions options) => options.Cookies ?? (level == Anonymity.Elite ? [] : null);

    internal static int ErrorPagesAt(Anonymity level) => level == Anonymity.Elite ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError;

    /// <summary>The client asked not to be followed: "1" is the only value that says so (Global Privacy Control, 3.3; Tracking Preference Expression, 5.2).</summary>
    internal static bool AsksForPrivacy(HttpRequest request) =>
        (request.Headers["Sec-GPC"] is [{ } control] && control == "1") || (request.Headers["DNT"] is [{ } track] && track.StartsWith('1'));

    internal string? Forwarded(UpstreamRequestContext u) => ClientAddresses.Forwarded(u.ClientIp, ClientAddress, Pseudonyms, AsksForPrivacy(u.Request));
}
