using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Engine;

/// <summary>What no cache can answer: the request goes on as it is, and may make what is stored invalid (RFC 9111, 4.4).</summary>
internal static class PassedAnswer
{
    /// <param name="context">The request.</param>
    /// <param name="hub">What all routes share.</param>
    /// <param name="rules">The route's.</param>
    /// <param name="why">In RFC 9211's word and ours.</param>
    internal static async ValueTask SendAsync(CacheContext context, CacheHub hub, RouteRules rules, (string Forward, string Detail) why)
    {
        var request = context.Request;
        var invalidates = why.Forward == "method" && !IsSafe(request.Method) && !HttpMethods.IsConnect(request.Method);
        context.Outcome = why.Forward == "uri-miss" ? CacheOutcome.Miss : CacheOutcome.Bypass;
        context.Reason = why.Detail;
        PostAnswer? post = null;
        var asked = hub.Time.GetUtcNow();
        try
        {
            await context.PassAsync(AnsweredAsync);
            await (post?.StoreAsync() ?? default);
        }
        finally
        {
            post?.End(context);
        }

        async ValueTask AnsweredAsync(int status, IHeaderDictionary headers)
        {
            if (HttpMethods.IsPost(request.Method))
            {
                post = PostAnswer.TryBegin(context, hub, rules, asked, status, headers);
            }

            if (invalidates && status is >= 200 and < 400)
            {
                // Before the client hears of its success, what it changed is gone (RFC 9111, 4.4).
                await ForgetAsync(Keys.Url(request));
                await ForgetAsync(Keys.SameOrigin(request, headers.Location.Count > 0 ? headers.Location[0] : null));
                await ForgetAsync(Keys.SameOrigin(request, headers.ContentLocation.Count > 0 ? headers.ContentLocation[0] : null));
                post?.Begin();
            }

            if (rules.SendStatus)
            {
                CacheStatusField.Append(headers, CacheStatusField.Forward(why.Forward, status, stored: false, collapsed: false, why.Detail));
            }
        }

        ValueTask ForgetAsync(string? other) => other is null ? default : hub.ForgetAsync(other);
    }

    private static bool IsSafe(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method) || method is "QUERY" or "PROPFIND" or "REPORT" or "SEARCH";
}
