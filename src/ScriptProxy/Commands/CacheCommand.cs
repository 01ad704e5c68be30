using System.CommandLine;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Shows and purges what the cache of a running gateway holds, by what plugins/Caching adds to the admin API.</summary>
internal static class CacheCommand
{
    private const string Plugin = "Caching";

    internal static Command Create() => new("cache", "Shows and purges what a running gateway has cached. It is asked over its admin API.") { Show(), Purge() };

    private static Command Show()
    {
        var url = new Argument<string>("url") { Description = "Scheme, host, path and query as clients ask for them." };
        var where = new AdminOptions();
        var script = ScriptOption();
        var command = new Command("show", "Prints what is stored of a URL, all variants: age, freshness, why, and what a GET would get now.") { url };
        where.AddTo(command);
        command.Options.Add(script);
        command.SetAction((parsed, stop) => where.AskAsync(
            parsed,
            parsed.GetValue(script)!,
            async client =>
            {
                var seen = await client.AskAsync<CachedUrl>(HttpMethod.Get, Plugin, "/show", [("url", parsed.GetValue(url))], stop);
                CacheTables.Write(Screen.Create(), seen);
            },
            stop));
        return command;
    }

    private static Command Purge()
    {
        var positional = new Argument<string?>("url") { Description = "The same as --url.", Arity = ArgumentArity.ZeroOrOne };
        var url = new Option<string?>("--url") { Description = "Scheme, host, path and query as clients ask for them; all variants go.", HelpName = "url" };
        var prefix = new Option<string?>("--prefix") { Description = "What URLs begin with, scheme and host included.", HelpName = "prefix" };
        var tag = new Option<string?>("--tag") { Description = "What Surrogate-Key, Cache-Tag or the script tagged answers with.", HelpName = "tag" };
        var all = new Option<bool>("--all") { Description = "Everything." };
        var soft = new Option<bool>("--soft") { Description = "They are only made stale: the origin may confirm them, grace and keep count from now on." };
        var where = new AdminOptions();
        var script = ScriptOption();
        var command = new Command("purge", "Removes answers, or makes them stale. Of url, prefix and tag all that is given must hold.") { positional, url, prefix, tag, all, soft };
        where.AddTo(command);
        command.Options.Add(script);
        command.Validators.Add(given =>
        {
            var urls = (given.GetResult(positional)?.Tokens.Count ?? 0) + (given.GetResult(url)?.Tokens.Count ?? 0);
            var named = urls > 0 || given.GetResult(prefix) is not null || given.GetResult(tag) is not null;
            if (urls > 1)
            {
                given.AddError("The URL is given twice.");
            }
            else if (given.GetValue(all) == named)
            {
                given.AddError(named ? "--all is everything: url, --prefix and --tag do not go with it." : "Say what is to go: a URL, --prefix, --tag, or --all for everything.");
            }
        });
        command.SetAction((parsed, stop) => where.AskAsync(
            parsed,
            parsed.GetValue(script)!,
            async client =>
            {
                var isSoft = parsed.GetValue(soft);
                var met = await client.AskAsync<Purged>(
                    HttpMethod.Post,
                    Plugin,
                    "/purge",
                    [
                        ("url", parsed.GetValue(positional) ?? parsed.GetValue(url)),
                        ("prefix", parsed.GetValue(prefix)),
                        ("tag", parsed.GetValue(tag)),
                        ("all", parsed.GetValue(all) ? "true" : null),
                        ("soft", isSoft ? "true" : null),
                    ],
                    stop);
                Console.WriteLine($"{met.Count} {(met.Count == 1 ? "answer" : "answers")} {(isSoft ? "made stale" : "purged")}");
            },
            stop));
        return command;
    }

    private static Option<string> ScriptOption() => AdminOptions.NotEmpty(new Option<string>("--script")
    {
        Description = "The script with the Admin(...) line.",
        HelpName = "proxy.csx",
        DefaultValueFactory = _ => "proxy.csx",
    });
}
