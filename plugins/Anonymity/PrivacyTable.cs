using ScriptProxy.Plugins;

namespace ScriptProxy.Anonymizing;

/// <summary>The rules in words, from the same tables that requests go by.</summary>
internal static class PrivacyTable
{
    private const string Peer = "peer";
    private const string Client = "client";
    private const string Log = "log";

    internal static IEnumerable<PrivacyFact> OfTransparent() =>
    [
        new(Peer, "X-Forwarded-*, Forwarded, Via", "as the upstream's Forwarded(...) says: unless set, the client's address, scheme and host"),
        new(Peer, "everything else", "kept"),
        new(Client, "everything", "kept"),
        new(Log, "everything", "kept"),
    ];

    internal static IEnumerable<PrivacyFact> Of(Policy policy) =>
    [
        .. OfPeer(policy), .. OfClient(policy), .. OfLog(policy.Options),
    ];

    private static IEnumerable<PrivacyFact> OfPeer(Policy policy)
    {
        foreach (var field in policy.Request.Fields)
        {
            yield return new(Peer, field.Name, Becomes(policy, policy.Request, field));
        }

        yield return new(Peer, "tracking parameters of the query", policy.TrackingParameters.IsEmpty ? "kept" : "removed: " + string.Join(", ", policy.Options.TrackingParameters));
        yield return new(Peer, "order and case of headers", "the gateway's own");
        yield return new(Peer, "other headers, path, query, body", "kept");
    }

    private static IEnumerable<PrivacyFact> OfClient(Policy policy)
    {
        foreach (var field in policy.Response.Fields)
        {
            yield return new(Client, field.Name, Becomes(policy, policy.Response, field));
        }

        yield return new(Client, "internal hosts in bodies", policy.Options.RewriteBodies ? "become the public address" : "kept");
        yield return new(Client, "pages of errors", policy.ErrorPagesFrom == 600 ? "kept" : $"replaced from status {policy.ErrorPagesFrom} on");
        yield return new(Client, "other headers, body", "kept");
    }

    private static IEnumerable<PrivacyFact> OfLog(AnonymityOptions options)
    {
        yield return new(Log, "the client's address", options.LogAddress switch { AddressForm.Removed => "removed", AddressForm.Truncated => "its network: /24, /48", _ => "a pseudonym in 100::/64" });
        yield return new(Log, "values in the query", options.LogQueryValues ? "kept" : "removed");
        yield return new(Log, "headers with addresses", "redacted");
        foreach (var header in options.LogRedactedHeaders)
        {
            yield return new(Log, header, "redacted");
        }

        yield return new(Log, "path, other headers", "kept");
    }

    private static string Becomes<TContext>(Policy policy, Rules<TContext> rules, Field<TContext> field) =>
        rules.IsKept(field.Name) ? "kept: KeepHeaders" : field.At(policy.Level).Becomes(policy.Options, policy.Level);
}
