using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Engine;

/// <summary>PURGE: the URL that it is sent to, or with Cache-Tag or Surrogate-Key what has one of these tags; with <c>Soft-Purge: 1</c> only made stale.</summary>
internal static class PurgeAnswer
{
    internal static async ValueTask SendAsync(CacheContext context, CacheHub hub, Func<ExchangeContext, bool> may)
    {
        context.Outcome = CacheOutcome.Bypass;
        context.Reason = "purge";
        if (!may(context))
        {
            await SendAsync(context, StatusCodes.Status403Forbidden, "403 Forbidden\n");
            return;
        }

        var headers = context.Request.Headers;
        var soft = headers["Soft-Purge"] == "1";
        var tags = headers["Cache-Tag"].ToString().Split(',').Concat(headers["Surrogate-Key"].ToString().Split(' '))
            .Select(tag => tag.Trim()).Where(tag => tag.Length > 0).ToList();
        var purges = tags.Count > 0 ? tags.Select(CachePurge.ByTag) : [CachePurge.ByUrl(Keys.Url(context.Request))];
        var met = 0L;
        foreach (var purge in purges)
        {
            met += await hub.Store.PurgeAsync(purge with { Soft = soft }, context.Aborted);
        }

        await SendAsync(context, StatusCodes.Status200OK, $"{met.ToString(CultureInfo.InvariantCulture)} purged\n");
    }

    private static async ValueTask SendAsync(CacheContext context, int status, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = body.Length;
        await context.BeginAnswerAsync();
        await context.Response.Body.WriteAsync(body, context.Aborted);
    }
}
