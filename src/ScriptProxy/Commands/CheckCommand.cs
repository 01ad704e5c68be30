using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Tls;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>Builds everything as a start would, and serves nothing.</summary>
internal static class CheckCommand
{
    /// <param name="options">What was said on the command line.</param>
    /// <param name="privacy">Also tells what becomes of what identifies somebody.</param>
    /// <param name="stop">Gives up.</param>
    internal static Task<int> ExecuteAsync(GatewayOptions options, bool privacy, CancellationToken stop) => LoadedOnce.LookAsync(
        options,
        (_, generation) =>
        {
            Report(options.File, generation);
            if (privacy)
            {
                PrivacyTables.Write(Screen.Create(), generation.Model);
            }
        },
        stop);

    private static void Report(string file, Generation generation)
    {
        var listeners = string.Join(", ", generation.Tls.Select(l => l.Key.Display + (l.Key.IsAdmin ? " (admin API)" : "")));
        Console.WriteLine($"{file} is good: {Count(generation.Routes.Count, "route")}, {Count(generation.Upstreams.Count, "upstream")}, listening on {listeners}");
        if (Http3.Unavailable is { } why && generation.Tls.Any(l => l.Key.IsTls))
        {
            Console.WriteLine($"HTTP/3 is not offered: {why}");
        }
    }

    private static string Count(int n, string what) => n == 1 ? $"1 {what}" : $"{n} {what}s";
}
