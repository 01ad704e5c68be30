using ScriptProxy.Core.Hosting;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Tls;

namespace ScriptProxy.Program.Commands;

/// <summary>Builds everything as a start would, and serves nothing.</summary>
internal static class CheckCommand
{
    internal static async Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop)
    {
        await using var gateway = new GatewayProcess(options.Setup(), options.Loggers(), TimeProvider.System);
        try
        {
            var (routes, upstreams, listeners) = await gateway.Host.CheckAsync(
                g => (g.Routes.Count, g.Upstreams.Count, g.Tls.Select(l => l.Key.Display).ToList()), stop);
            Console.WriteLine($"{options.File} is good: {Count(routes, "route")}, {Count(upstreams, "upstream")}, listening on {string.Join(", ", listeners)}");
            if (Http3.Unavailable is { } why && listeners.Exists(l => l.StartsWith("https", StringComparison.Ordinal)))
            {
                Console.WriteLine($"HTTP/3 is not offered: {why}");
            }

            return 0;
        }
        catch (ScriptException error)
        {
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
