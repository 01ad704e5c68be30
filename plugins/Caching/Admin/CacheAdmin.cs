using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Plugins;

namespace ScriptProxy.Caching.Admin;

/// <summary>What the cache adds to the admin API, below /plugins/Caching.</summary>
internal static class CacheAdmin
{
    internal static void Add(PluginBuilder plugin, CacheHub hub) => plugin
        .Admin("GET", "/show", c => AnswerAsync(c, () => ShowAsync(c, hub)))
        .Admin("POST", "/purge", c => AnswerAsync(c, () => PurgeAsync(c, hub)));

    private static async ValueTask<Verdict?> AnswerAsync(ContentContext context, Func<ValueTask<object>> answer)
    {
        try
        {
            return context.Json(await answer());
        }
        catch (BadParameterException bad)
        {
            return context.Json(new { Error = bad.Message }, StatusCodes.Status400BadRequest);
        }
    }

    private static async ValueTask<object> ShowAsync(ContentContext context, CacheHub hub)
    {
        var given = new Parameters(context.Request.Query, "url");
        var url = given.Url("url") ?? throw new BadParameterException("say which URL: ?url=https://shop.example/a");
        return Inspection.Of(url, await hub.ShowAsync(given.Text("url")!, context.Aborted), hub, hub.Time.GetUtcNow());
    }

    private static async ValueTask<object> PurgeAsync(ContentContext context, CacheHub hub)
    {
        var given = new Parameters(context.Request.Query, "url", "prefix", "tag", "all", "soft");
        var (url, prefix, tag) = (given.Url("url"), given.Prefix("prefix"), given.Text("tag"));
        var named = url is not null || prefix is not null || tag is not null;
        var all = given.IsTrue("all");
        if (all == named)
        {
            throw new BadParameterException(all
                ? "all=true is everything: url, prefix or tag do not go with it"
                : "say what is to go: url, prefix or tag (of several, all must hold); everything is all=true");
        }

        var soft = given.IsTrue("soft");
        var purged = await hub.Store.PurgeAsync((all ? CachePurge.All : CachePurge.Of(url, prefix, tag)) with { Soft = soft }, context.Aborted);
        return new { Purged = purged, Soft = soft, Url = url, Prefix = prefix, Tag = tag, All = all };
    }
}
