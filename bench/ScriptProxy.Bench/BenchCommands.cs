using System.CommandLine;
using ScriptProxy.Bench.Balancing;
using ScriptProxy.Bench.Caching;
using ScriptProxy.Bench.Comparing;
using ScriptProxy.Bench.Purging;
using ScriptProxy.Bench.Reloading;
using ScriptProxy.Bench.Starting;
using ScriptProxy.Bench.Swapping;

namespace ScriptProxy.Bench;

/// <summary>The modes of the program and their options.</summary>
internal static class BenchCommands
{
    internal static RootCommand Create()
    {
        var rounds = new Option<int>("--rounds") { DefaultValueFactory = _ => 5, Description = "How often every gateway has its turn." };
        var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 5, Description = "How long a turn takes." };
        var warmup = new Option<int>("--warmup") { DefaultValueFactory = _ => 5, Description = "Seconds of load for every gateway and route before the first round." };
        var connections = new Option<int>("--connections") { DefaultValueFactory = _ => 64, Description = "Connections of load." };
        var routes = new Option<string?>("--routes") { Description = "Names of routes to measure, separated by commas; all unless given." };
        var pin = new Option<string?>("--pin") { Description = "CPUs for the gateways, as taskset names them; wrk and the backend get the others." };
        var into = new Option<string?>("--out") { Description = "Also writes the report into this file." };

        var root = new RootCommand("Measures ScriptProxy beside nginx with Lua and a bare YARP. Without a command: requests in turn.")
        {
            rounds, seconds, warmup, connections, routes, pin, into,
        };
        root.SetAction((parsed, stop) => Guarded(() => Comparison.RunAsync(
            new ComparisonOptions(
                parsed.GetValue(rounds),
                parsed.GetValue(seconds),
                parsed.GetValue(warmup),
                parsed.GetValue(connections),
                parsed.GetValue(routes),
                parsed.GetValue(pin)),
            parsed.GetValue(into),
            stop)));

        var startup = new Command("startup", "Start to first answer, save to live, memory under load: with compiled scripts on disk and without.")
        {
            rounds, seconds, connections, into,
        };
        startup.SetAction((parsed, stop) => Guarded(() => Startup.RunAsync(
            parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(connections), parsed.GetValue(into), stop)));
        root.Subcommands.Add(startup);

        var reloads = new Option<int>("--reloads") { DefaultValueFactory = _ => 300, Description = "How often the script is saved." };
        var sockets = new Option<int>("--sockets") { DefaultValueFactory = _ => 8, Description = "WebSockets that stay open throughout." };
        var reload = new Command("reload", "Saves a script many times under load and counts what was lost.") { reloads, connections, sockets, into };
        reload.SetAction((parsed, stop) => Guarded(() => Soak.RunAsync(
            parsed.GetValue(reloads), parsed.GetValue(connections), parsed.GetValue(sockets), parsed.GetValue(into), stop)));
        root.Subcommands.Add(reload);

        var swaps = new Option<int>("--swaps") { DefaultValueFactory = _ => 300, Description = "How often a plugin is swapped." };
        var plugins = new Command("plugins", "Swaps plugins with a Newtonsoft.Json of their own, in two versions, under load, and counts what was lost and left behind.") { swaps, connections, into };
        plugins.SetAction((parsed, stop) => Guarded(() => Swaps.RunAsync(parsed.GetValue(swaps), parsed.GetValue(connections), parsed.GetValue(into), stop)));
        root.Subcommands.Add(plugins);

        var keys = new Option<int>("--keys") { DefaultValueFactory = _ => 1_000_000, Description = "How many keys the mix has." };
        var requests = new Option<int>("--requests") { DefaultValueFactory = _ => 1_000_000, Description = "How many requests the mix has." };
        var memory = new Option<int>("--memory") { DefaultValueFactory = _ => 256, Description = "Of the gateway's cache, in MB." };
        var caching = new Command("caching", "The HTTP cache beside nginx's proxy_cache: hits, misses, a mix, and many who miss one key at once.")
        {
            rounds, seconds, warmup, connections, keys, requests, memory, into,
        };
        caching.SetAction((parsed, stop) => Guarded(() => CacheBench.RunAsync(
            new CacheOptions(
                parsed.GetValue(rounds),
                parsed.GetValue(seconds),
                parsed.GetValue(warmup),
                parsed.GetValue(connections),
                parsed.GetValue(keys),
                parsed.GetValue(requests),
                parsed.GetValue(memory)),
            parsed.GetValue(into),
            stop)));
        root.Subcommands.Add(caching);

        var purges = new Option<int>("--purges") { DefaultValueFactory = _ => 300, Description = "How often it is purged." };
        var purge = new Command("purge", "Two gateways over one Redis: from a purge at the one until the other serves a new answer.") { purges, into };
        purge.SetAction((parsed, stop) => Guarded(() => PurgeBench.RunAsync(parsed.GetValue(purges), parsed.GetValue(into), stop)));
        root.Subcommands.Add(purge);

        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1, Description = "What chance begins with." };
        var balance = new Command("balance", "Simulates a slow peer, a failing peer and a herd in virtual time, and tells the latencies by policy.") { seed, into };
        balance.SetAction((parsed, stop) => Guarded(() => Balances.RunAsync(parsed.GetValue(seed), parsed.GetValue(into), stop)));
        root.Subcommands.Add(balance);

        root.Subcommands.Add(BareCommand());
        return root;
    }

    private static Command BareCommand()
    {
        var port = new Option<int>("--port") { Required = true };
        var backends = new Option<string>("--backends") { Required = true };
        var bare = new Command("bare", "Serves as the bare YARP that the comparison starts.") { port, backends };
        bare.SetAction((parsed, stop) => BareYarp.RunAsync(parsed.GetValue(port), parsed.GetValue(backends)!.Split(','), stop));
        return bare;
    }

    private static async Task<int> Guarded(Func<Task<bool>> mode)
    {
        try
        {
            return await mode() ? 0 : 1;
        }
        catch (BenchException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }
}

/// <summary>The measurement cannot go on; the message tells why.</summary>
internal sealed class BenchException(string message) : Exception(message);
