using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>Waits for what a save brings about.</summary>
internal static class Eventually
{
    /// <summary>Lets a link point elsewhere, in one step, as a deploy does.</summary>
    internal static async Task LinkAsync(TestFolder folder, string link, string target)
    {
        Directory.CreateSymbolicLink(folder.PathOf(link + ".new"), target);

        // rename(2): File.Move does not take a link to a folder.
        (await Programs.RunAsync(Programs.Require("mv"), ["-T", folder.PathOf(link + ".new"), folder.PathOf(link)])).Success();
    }

    /// <summary>Asks until the answer is that one.</summary>
    internal static async Task AnswersAsync(TestGateway gateway, string path, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        var answer = "";
        while (true)
        {
            answer = await gateway.Client.GetStringAsync(path, limit.Token);
            if (answer == text)
            {
                return;
            }

            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"'{text}' was waited for, '{answer}' is served; generation {gateway.Host.Current!.Number}; {string.Join('\n', gateway.Log.Refused)}");
            }
        }
    }
}
