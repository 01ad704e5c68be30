using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Anonymizing;

/// <summary>The last change of what a peer is sent: after the gateway's own headers and after every handler.</summary>
internal static class OutgoingRequest
{
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Makes the headers anew, in an order and a writing of their own: those of the client tell one program from another.</summary>
    internal static void Rewrite(Policy policy, UpstreamRequestContext u)
    {
        var headers = new List<KeyValuePair<string, StringValues>>(32);
        foreach (var (name, value) in u.Headers)
        {
            var kept = policy.Request.For(name) is { } apply ? apply(policy, u, name, value) : value;
            if (kept.Count > 0)
            {
                headers.Add(new(policy.Request.Spelled(name), kept));
            }
        }

        // Having none would tell one client from another, too.
        if (policy.UserAgent is not null)
        {
            Put("User-Agent", static (policy, _) => policy.UserAgent);
        }

        if (policy.Options.AcceptLanguage is not null)
        {
            Put("Accept-Language", static (policy, _) => policy.Options.AcceptLanguage);
        }

        // A pseudonym needs no header to stand in for.
        if (policy.ClientAddress == AddressForm.Pseudonym)
        {
            Put("Forwarded", static (policy, u) => policy.Forwarded(u));
        }

        if (policy.Options.SendSignals)
        {
            Put("DNT", static (_, _) => "1");
            Put("Sec-GPC", static (_, _) => "1");
        }

        headers.Sort(static (a, b) => Compare(a.Key, b.Key));
        u.Headers.Clear();
        foreach (var (name, value) in headers)
        {
            u.Headers[name] = value;
        }

        StripQuery(policy, u);

        void Put(string name, Func<Policy, UpstreamRequestContext, string?> value)
        {
            if (!policy.Request.IsKept(name) && !headers.Exists(h => h.Key == name))
            {
                headers.Add(new(name, value(policy, u)));
            }
        }
    }

    private static void StripQuery(Policy policy, UpstreamRequestContext u)
    {
        var address = u.Address.OriginalString;
        var mark = address.IndexOf('?', StringComparison.Ordinal);
        if (mark >= 0 && TrackingQuery.Strip(address.AsSpan(mark), policy.TrackingParameters) is { } query)
        {
            u.Address = new Uri(string.Concat(address.AsSpan(0, mark), query), AsWritten);
        }
    }

    // Host first, as RFC 9110 asks for (7.2).
    private static int Compare(string a, string b) => (a == "Host", b == "Host") switch
    {
        (true, false) => -1,
        (false, true) => 1,
        _ => string.CompareOrdinal(a, b),
    };
}
