using System.Text;
using System.Text.RegularExpressions;

namespace ScriptProxy.Core.Scripting;

/// <summary>What a script loads, as its text says; for where there is no compiler that tells it.</summary>
internal static partial class LoadDirectives
{
    /// <returns>Every path whose change can change what is loaded: the script, what it loads at any depth, also where it is not there, and the links on the way.</returns>
    public static IReadOnlyCollection<string> Follow(SourceFile main)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        var left = new Queue<SourceFile>([main]);
        while (left.TryDequeue(out var file))
        {
            var links = LinkedPath.Of(file.Path);
            paths.UnionWith([links.Path, links.Target, .. links.Links]);
            foreach (Match directive in Directive().Matches(Encoding.UTF8.GetString(file.Bytes)))
            {
                var path = Path.GetFullPath(directive.Groups["path"].Value, Path.GetDirectoryName(file.Path)!);
                if (paths.Add(path) && SourceFile.TryRead(path) is { } loaded)
                {
                    left.Enqueue(loaded);
                }
            }
        }

        return paths;
    }

    [GeneratedRegex("^[ \\t]*#[ \\t]*load[ \\t]+\"(?<path>[^\"\\r\\n\\0]+)\"", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Directive();
}
