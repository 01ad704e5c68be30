using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>Waits for what a save brings about.</summary>
internal static class Eventually
{
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
