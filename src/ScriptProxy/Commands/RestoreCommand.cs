using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Program.Commands;

/// <summary>Fetches the packages that scripts name, and writes the lock file that the gateway reads.</summary>
internal static class RestoreCommand
{
    internal static async Task<int> ExecuteAsync(GatewayOptions options, CancellationToken stop)
    {
        var main = options.Setup().MainFile;
        var folder = Path.GetDirectoryName(main)!;
        try
        {
            // Phase files are named by code that cannot run yet: every script beside the main one is asked.
            var scripts = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.csx", SearchOption.AllDirectories) : [];
            var requested = PackageRequests.In(scripts.Prepend(main), folder);
            using var restore = new PackageRestore(options.Setup().PackageLock);
            var (packages, warnings) = await restore.RestoreAsync(requested, stop);
            foreach (var warning in warnings)
            {
                await Console.Error.WriteLineAsync("warning: " + warning);
            }

            Console.WriteLine(packages.Count == 1 ? "1 package restored" : $"{packages.Count} packages restored");
            return 0;
        }
        catch (ScriptException error)
        {
            await Console.Error.WriteLineAsync(error.Format());
            return 1;
        }
        catch (PackageRestoreException error)
        {
            await Console.Error.WriteLineAsync("error: " + error.Message);
            return 1;
        }
    }
}
