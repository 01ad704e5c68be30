using System.Net;
using ScriptProxy.Core.Generations;

namespace ScriptProxy.Program.Commands;

/// <summary>Where a running gateway is administered.</summary>
/// <param name="Address">Scheme, host, port and, behind another route, a path; of a Unix socket only the path below the host counts.</param>
/// <param name="Socket">The path of the Unix socket; null for a network address.</param>
/// <param name="Token">Null for none.</param>
/// <param name="Shown">As a person writes it, with where it was found.</param>
internal sealed record AdminTarget(Uri Address, string? Socket, string? Token, string Shown)
{
    internal const string AddressVariable = "SCRIPTPROXY_ADMIN";
    internal const string TokenVariable = "SCRIPTPROXY_ADMIN_TOKEN";

    /// <summary>What was given, else what the environment says, else the first Admin(...) of the script; nothing of the script is started.</summary>
    /// <param name="address">Of --admin.</param>
    /// <param name="token">Of --token.</param>
    /// <param name="script">The path of proxy.csx.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>Null where the script is wrong, which has been told.</returns>
    /// <exception cref="CommandFailedException">There is none.</exception>
    internal static async Task<AdminTarget?> FindAsync(string? address, string? token, string script, CancellationToken stop)
    {
        token ??= Variable(TokenVariable);
        if (address is not null)
        {
            return Parse(address, token, "--admin");
        }

        if (Variable(AddressVariable) is { } set)
        {
            return Parse(set, token, AddressVariable);
        }

        if (!File.Exists(script))
        {
            throw new CommandFailedException(
                $"which gateway? There is no {script} that tells; name its admin API with --admin http://127.0.0.1:9080 or in {AddressVariable}, or its script with --script");
        }

        AdminTarget? found = null;
        CommandFailedException? none = null;
        var code = await LoadedOnce.LookAsync(
            new GatewayOptions(script, Reload: true, Cache: null),
            (_, generation) =>
            {
                try
                {
                    found = Of(generation, token, script);
                }
                catch (CommandFailedException error)
                {
                    none = error;
                }
            },
            stop);
        return none is not null ? throw none : code == 0 ? found : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static AdminTarget Parse(string address, string? token, string from)
    {
        var path = address.StartsWith("http://unix:", StringComparison.OrdinalIgnoreCase) ? address["http://unix:".Length..]
            : address.StartsWith("unix:", StringComparison.OrdinalIgnoreCase) ? address["unix:".Length..]
            : null;
        if (path is not null)
        {
            return path.StartsWith('/') ? OfSocket(path, token, from) : throw new CommandFailedException($"{from} '{address}': a Unix socket's path starts with '/'");
        }

        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Query.Length == 0
            ? new AdminTarget(uri, Socket: null, token, $"{address} ({from})")
            : throw new CommandFailedException($"{from} '{address}' is no address: write http://127.0.0.1:9080 or unix:/path");
    }

    private static AdminTarget Of(Generation generation, string? token, string script)
    {
        if (generation.Tls.FirstOrDefault(l => l.Key.IsAdmin) is not { } listener)
        {
            throw new CommandFailedException(
                $"{script} opens no admin API: add the line Admin(\"http://127.0.0.1:9080\"); to it, or name the API of another gateway with --admin");
        }

        var (key, from) = (listener.Key, "Admin(...) of " + script);
        token ??= listener.Model.Admin?.Token;
        if (key.UnixPath is { } path)
        {
            return OfSocket(path, token, from);
        }

        if (key.Port == 0)
        {
            throw new CommandFailedException($"{from} has no fixed port: name the address that the gateway told when it started with --admin");
        }

        // Where it listens on every address, this machine's own is one of them.
        var any = key.Host == "*" || (IPAddress.TryParse(key.Host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
        var shown = any ? $"{key.Scheme}://localhost:{key.Port}" : key.Display;
        return new AdminTarget(new Uri(shown), Socket: null, token, $"{shown} ({from})");
    }

    private static AdminTarget OfSocket(string path, string? token, string from) => new(new Uri("http://localhost"), path, token, $"unix:{path} ({from})");
}
