using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Anonymizing;

/// <summary>The first change of what a client is sent: before the handlers of scripts, which have the last word on the gateway's own answers.</summary>
internal static class Answer
{
    private static readonly string[] TextTypes = ["text/", "application/json", "application/xml", "application/javascript", "application/x-javascript", "application/xhtml+xml", "image/svg+xml"];

    internal static void Clean(Policy policy, HeaderFilterContext h)
    {
        List<KeyValuePair<string, StringValues>>? changed = null;
        foreach (var (name, value) in h.Response.Headers)
        {
            if (policy.Response.For(name) is { } apply && apply(policy, h, name, value) is var kept && kept != value)
            {
                (changed ??= []).Add(new(name, kept));
            }
        }

        foreach (var (name, value) in changed ?? [])
        {
            h.Response.Headers[name] = value;
        }

        if (!IsOfPeer(h))
        {
            return;
        }

        // The words behind the status are the peer's own too.
        h.HttpContext.Features.Get<IHttpResponseFeature>()!.ReasonPhrase = null;
        if (h.Response.StatusCode >= policy.ErrorPagesFrom)
        {
            h.ReplaceBody($"{h.Response.StatusCode} {ReasonPhrases.GetReasonPhrase(h.Response.StatusCode)}".TrimEnd() + "\n");
        }
    }

    internal static void Clean(Policy policy, BodyFilterContext b)
    {
        if (!IsText(b.Response.ContentType))
        {
            return;
        }

        foreach (var (from, isUrl) in policy.Address.InBodies)
        {
            b.ReplaceText(from, policy.Address.InBody(isUrl, b.Request));
        }
    }

    // Where something failed, the page is the gateway's, or a script's own.
    private static bool IsOfPeer(HeaderFilterContext h) =>
        h.Error is null && (h.Peer is not null || h.CacheOutcome is CacheOutcome.Hit or CacheOutcome.Stale or CacheOutcome.Revalidated);

    private static bool IsText(string? contentType) => contentType is not null
        && (Array.Exists(TextTypes, t => contentType.StartsWith(t, StringComparison.OrdinalIgnoreCase))
            || contentType.Contains("+json", StringComparison.OrdinalIgnoreCase)
            || contentType.Contains("+xml", StringComparison.OrdinalIgnoreCase));
}
