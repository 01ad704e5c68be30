using System.Diagnostics;
using System.Globalization;
using ScriptProxy.Bench.Reloading;
using ScriptProxy.Bench.Running;
using ScriptProxy.Tests.Plugins;

namespace ScriptProxy.Bench.Swapping;

/// <summary>Swaps plugins many times under load, and counts what was lost and what was left behind.</summary>
internal static class Swaps
{
    private const int EarlyAfter = 50;

    private static readonly string[] Versions = ["12", "13"];
    private static readonly TimeSpan LiveWithin = TimeSpan.FromSeconds(30);

    internal static async Task<bool> RunAsync(int swaps, int connections, string? into, CancellationToken stop)
    {
        using var workspace = Workspace.Create();
        var report = new Report();
        await report.HeadAsync("Plugins swapped under load", stop);
        await workspace.PublishAsync(stop);
        var ports = Workspace.FreePorts(2);
        var port = ports[0];
        var folder = Directory.CreateDirectory(workspace.PathOf("gateway-folder")).FullName;
        var script = Path.Combine(folder, "proxy.csx");
        await File.WriteAllTextAsync(script, $"Listen(\"http://127.0.0.1:{Text(port)}\");\nAdmin(\"http://127.0.0.1:{Text(ports[1])}\");\nRoute(\"/\").Content(c => c.Text(\"hello\\n\"));\n", stop);
        foreach (var version in Versions)
        {
            Drop(folder, version, 0);
        }

        using var state = new GatewayState(ports[1]);
        await using var gateway = Servers.StartGateway(workspace, script, workspace.PathOf("cache"), new Dictionary<string, string>(StringComparer.Ordinal));
        await Servers.WaitAsync(gateway, $"http://127.0.0.1:{Text(port)}/", stop);
        var load = new Load(port, [new LoadKind("/", Wrong)]);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var began = Stopwatch.GetTimestamp();
        var requests = load.RunAsync(connections, ending.Token);
        Measured measured;
        try
        {
            measured = await SwapAsync(gateway, state, folder, port, swaps, load, stop);
        }
        finally
        {
            await ending.CancelAsync();
            await requests;
        }

        var loaded = Stopwatch.GetElapsedTime(began);
        var left = await state.SettledAsync(stop);
        Write(report, measured, load, connections, loaded, left, ProcessTree.Resident(gateway.Id));
        await report.WriteAsync(into, stop);
        return load.Failed == 0 && left.Generations == 1;
    }

    private sealed record Measured(int Swaps, double MedianMilliseconds, double MostMilliseconds, long Early, long Late, int ContextsUnderLoad);

    private static async Task<Measured> SwapAsync(Child gateway, GatewayState state, string folder, int port, int swaps, Load load, CancellationToken stop)
    {
        using var connection = await RawConnection.OpenAsync(port, stop);
        var taken = new List<double>();
        long early = 0;
        for (var n = 1; n <= swaps; n++)
        {
            var version = Versions[n % Versions.Length];
            Drop(folder, version, n);
            var began = Stopwatch.GetTimestamp();
            await UntilLiveAsync(gateway, connection, version, n, began, stop);
            taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            if (n == Math.Min(EarlyAfter, swaps))
            {
                early = ProcessTree.Resident(gateway.Id);
            }

            if (n % EarlyAfter == 0)
            {
                Report.Progress($"{n} of {swaps} swaps, {load.Requests} requests, {load.Failed} failed, {ProcessTree.Resident(gateway.Id) / (1024 * 1024)} MB");
            }
        }

        var late = ProcessTree.Resident(gateway.Id);
        return new Measured(swaps, Statistics.Median(taken), taken.Max(), early, late, (await state.AskAsync(stop)).Contexts);
    }

    private static async Task UntilLiveAsync(Child gateway, RawConnection connection, string version, int number, long began, CancellationToken stop)
    {
        var request = RawConnection.Get("/");
        while ((await connection.AskAsync(request, stop)).Headers.GetValueOrDefault(Header(version)) != JsonPlugin.Header(version, number))
        {
            gateway.ThrowIfEnded();
            if (Stopwatch.GetElapsedTime(began) > LiveWithin)
            {
                throw new BenchException($"swap {number} is not live after {LiveWithin.TotalSeconds} s:\n{string.Join('\n', gateway.Said)}");
            }

            await Task.Delay(2, stop);
        }
    }

    /// <summary>By turns written in place, and copied and renamed.</summary>
    private static void Drop(string folder, string version, int number)
    {
        var plugin = Directory.CreateDirectory(Path.Combine(folder, "plugins", $"Json{version}")).FullName;
        if (number == 0)
        {
            File.WriteAllBytes(Path.Combine(plugin, "Newtonsoft.Json.dll"), JsonPlugin.Library(version));
        }

        var image = JsonPlugin.Compile($"Json{version}", version, number);
        var dll = Path.Combine(plugin, $"Json{version}.dll");
        if (number / Versions.Length % 2 == 1)
        {
            File.WriteAllBytes(dll, image);
            return;
        }

        var aside = Path.Combine(plugin, ".new");
        File.WriteAllBytes(aside, image);
        File.Move(aside, dll, overwrite: true);
    }

    private static string? Wrong(RawAnswer answer)
    {
        if (answer.Body != "hello\n")
        {
            return "the body is not whole";
        }

        foreach (var version in Versions)
        {
            if (!answer.Headers.TryGetValue(Header(version), out var text)
                || !int.TryParse(text.Split(':', ',').ElementAtOrDefault(1), CultureInfo.InvariantCulture, out var number)
                || text != JsonPlugin.Header(version, number))
            {
                return $"{Header(version)} is not what the plugin sends";
            }
        }

        return null;
    }

    private static string Header(string version) => $"X-Json{version}";

    private static void Write(
        Report report, Measured measured, Load load, int connections, TimeSpan loaded, (int Generations, int Contexts) left, long quiet)
    {
        report.Line($"- load: {connections} keep-alive connections of HTTP/1.1 without a pause, each answer with two headers made by two plugins, one with Newtonsoft.Json 12, one with 13, for {loaded.TotalSeconds:F0} s");
        report.Line();
        report.Line($"| | |");
        report.Line($"| --- | ---: |");
        report.Line($"| swaps | {measured.Swaps} |");
        report.Line($"| written to live under load, median (most) | {measured.MedianMilliseconds:F0} ms ({measured.MostMilliseconds:F0} ms) |");
        report.Line($"| requests | {load.Requests} |");
        report.Line($"| failed requests | {load.Failed} |");
        report.Line($"| load contexts alive after the last swap, under load (one generation has 3) | {measured.ContextsUnderLoad} |");
        report.Line($"| load contexts alive at the end | {left.Contexts} |");
        report.Line($"| generations alive at the end | {left.Generations} |");
        report.Line($"| memory after {Math.Min(EarlyAfter, measured.Swaps)} swaps | {Megabytes(measured.Early):F0} MB |");
        report.Line($"| memory after all, under load | {Megabytes(measured.Late):F0} MB |");
        report.Line($"| ratio | {(double)measured.Late / measured.Early:F2} |");
        report.Line($"| memory at the end, without load | {Megabytes(quiet):F0} MB |");
        foreach (var (why, times) in load.Failures.OrderByDescending(f => f.Value))
        {
            report.Line();
            report.Line($"{times} times: {why}");
        }
    }

    private static double Megabytes(long bytes) => bytes / (1024.0 * 1024);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
