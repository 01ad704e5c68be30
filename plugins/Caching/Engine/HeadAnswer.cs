using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>HEAD that nothing fresh answers: asks the origin, and learns from its headers (RFC 9111, 4.3.5).</summary>
internal static class HeadAnswer
{
    internal static async ValueTask AnswerAsync(CacheContext context, CacheHub hub, RouteRules rules, string key, string url, Reuse reuse)
    {
        var purges = hub.Store.Purges;
        var asked = hub.Time.GetUtcNow();
        var request = HeaderFields.ForFetch(context.Request.Headers);
        context.Outcome = CacheOutcome.Miss;
        context.Reason = "origin-failed";
        await using var fetch = context.Fetch(HttpMethods.Head, HeaderFields.WithConditions(request, reuse.Stored));
        try
        {
            try
            {
                await fetch.Started.WaitAsync(context.Aborted);
            }
            finally
            {
                // Also where it failed.
                if (fetch.Started.IsCompleted)
                {
                    context.Adopt(fetch);
                }
            }
        }
        catch (Exception) when (reuse.StandIn != StandIn.Never && !context.Aborted.IsCancellationRequested)
        {
            await SendAsync(reuse.Stored!, CacheOutcome.Stale, status: null, stored: false, "origin-failed");
            return;
        }

        if (reuse.Stored is { } stored)
        {
            if (fetch.StatusCode == StatusCodes.Status304NotModified || IsSame(stored, fetch))
            {
                var received = hub.Time.GetUtcNow();
                var headers = HeaderFields.Freshened(stored, fetch.Headers);
                var judgement = StoreRule.Judge(
                    new Answer { Status = stored.StatusCode, Headers = headers, Request = request, Requested = asked, Received = received, Script = fetch.Freshness },
                    rules.Policy);
                var updated = Flight.Make(judgement, url, request, stored.StatusCode, headers, received) with { Body = stored.Body };
                var kept = judgement.MayStore && await hub.StoreAsync(key, updated, purges);
                await SendAsync(updated, CacheOutcome.Revalidated, fetch.StatusCode, kept, judgement.Reason);
                return;
            }

            if (fetch.StatusCode == StatusCodes.Status200OK)
            {
                // What is stored is another one by now.
                await hub.ForgetAsync(url);
            }
        }

        context.Reason = "head";
        context.Response.StatusCode = fetch.StatusCode;
        foreach (var (name, values) in fetch.Headers)
        {
            context.Response.Headers[name] = values;
        }

        if (rules.SendStatus)
        {
            CacheStatusField.Append(context.Response.Headers, CacheStatusField.Forward(reuse.Forward, fetch.StatusCode, stored: false, collapsed: false, "head"));
        }

        await context.BeginAnswerAsync();

        ValueTask SendAsync(StoredResponse answer, CacheOutcome outcome, int? status, bool stored, string reason) => StoredAnswer.SendAsync(
            context, answer, rules, outcome, reason, CacheStatusField.Forward(reuse.Forward, status, stored, collapsed: false, reason));
    }

    /// <summary>Nothing in the new headers says that the body is another.</summary>
    private static bool IsSame(StoredResponse stored, CacheFetch fetch) =>
        fetch.StatusCode == StatusCodes.Status200OK && stored.StatusCode == StatusCodes.Status200OK
        && (fetch.Headers.ETag.Count == 0 || fetch.Headers.ETag == stored.Header("ETag"))
        && (fetch.Headers.LastModified.Count == 0 || fetch.Headers.LastModified == stored.Header("Last-Modified"))
        && (fetch.Headers.ContentLength is not { } length || length == stored.Body.Length);
}
