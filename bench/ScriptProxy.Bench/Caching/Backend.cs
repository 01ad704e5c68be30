using System.Globalization;
using ScriptProxy.Bench.Comparing;

namespace ScriptProxy.Bench.Caching;

/// <summary>The backend, which can be asked how many requests it got.</summary>
internal sealed class Backend(int port)
{
    private readonly Uri _requests = new($"http://127.0.0.1:{port}/requests");
    private long _before;

    /// <summary>Counts from here on.</summary>
    internal async Task ForgetAsync(CancellationToken stop) => _before += await RequestsAsync(stop);

    /// <summary>Since then, without those that ask for this.</summary>
    internal async Task<long> RequestsAsync(CancellationToken stop)
    {
        // The third line of stub_status: connections accepted, handled, requests.
        var lines = (await Agreement.Client.GetStringAsync(_requests, stop)).Split('\n');
        return long.Parse(lines[2].Trim().Split(' ')[2], CultureInfo.InvariantCulture) - ++_before;
    }
}
