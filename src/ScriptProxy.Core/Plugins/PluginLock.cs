using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Plugins;

/// <summary>
/// The file plugins.lock beside proxy.csx: what the plugins' files must be, in the form that sha256sum writes and checks. Without it, all are taken.
/// </summary>
internal sealed class PluginLock
{
    internal const string FileName = "plugins.lock";

    private readonly Dictionary<string, string> _hashes = new(StringComparer.Ordinal);

    private PluginLock()
    {
    }

    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="ScriptException">A line is not of the form.</exception>
    internal static PluginLock? Read(string baseFolder)
    {
        var path = Path.Combine(baseFolder, FileName);
        if (!File.Exists(path))
        {
            return null;
        }

        var read = new PluginLock();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            // "HASH  path", or "HASH *path" where it was read in binary mode.
            if (line.Length < 67 || line[64] != ' ' || line[65] is not (' ' or '*') || !line.Take(64).All(char.IsAsciiHexDigit))
            {
                throw new ScriptException([new ScriptDiagnostic(
                    FileName, number, 1, IsError: true, "SP2003", "a line is a SHA-256 and a path", line, "make it anew: find plugins/*/ -type f -exec sha256sum {} + > plugins.lock")]);
            }

            var file = line[66..];
            read._hashes[file.StartsWith("./", StringComparison.Ordinal) ? file[2..] : file] = line[..64].ToLowerInvariant();
        }

        return read;
    }

    /// <exception cref="PluginException">A file is missing, of other content, or not listed.</exception>
    internal void Verify(PluginFiles plugin)
    {
        var prefix = $"plugins/{plugin.Name}/";
        var wrong = plugin.Files
            .Where(f => !_hashes.TryGetValue(prefix + f.Path, out var hash) || hash != f.Sha256)
            .Select(f => $"{f.Path} {(_hashes.ContainsKey(prefix + f.Path) ? "has another SHA-256" : "is not listed")}")
            .Concat(_hashes.Keys
                .Where(k => k.StartsWith(prefix, StringComparison.Ordinal) && plugin.Find(k[prefix.Length..]) is null)
                .Select(k => $"{k[prefix.Length..]} is missing"))
            .ToList();
        if (wrong.Count > 0)
        {
            throw new PluginException("SP2003", $"it is not what {FileName} says: {string.Join(", ", wrong)}");
        }
    }
}
