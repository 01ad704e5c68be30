using System.Text.Json;

namespace ScriptProxy.Core.Scripting;

/// <summary>
/// One restored package: the SHA-512 of the package file (base64, as NuGet writes it), its assemblies for this framework with their
/// SHA-256 (relative to the packages folder), and the names of the packages it needs beyond the frameworks.
/// </summary>
internal sealed record LockedPackage(
    string Id, string Version, string Sha512, IReadOnlyDictionary<string, string> Files, IReadOnlyList<string> Dependencies);

/// <summary>What <c>scriptproxy restore</c> found: the only place where scripts get packages from.</summary>
internal sealed class PackageLock
{
    /// <summary>Where packages lie, below the lock file's folder.</summary>
    public const string PackagesFolder = ".scriptproxy/packages";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectNullableAnnotations = true };

    private readonly Dictionary<string, LockedPackage> _packages;
    private readonly string _folder;

    private PackageLock(SourceFile file, IEnumerable<LockedPackage> packages)
    {
        File = file;
        _folder = FolderFor(file.Path);
        _packages = packages.ToDictionary(package => package.Id, StringComparer.OrdinalIgnoreCase);
    }

    public SourceFile File { get; }

    public static string FolderFor(string lockPath) => Path.GetFullPath(PackagesFolder, Path.GetDirectoryName(Path.GetFullPath(lockPath))!);

    /// <summary>Null where the file is damaged.</summary>
    public static PackageLock? TryParse(SourceFile file)
    {
        try
        {
            return JsonSerializer.Deserialize<Content>(file.Bytes, Json) is { } content && content.Packages.All(IsSound)
                ? new PackageLock(file, content.Packages)
                : null;
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>The bytes of a lock file, the same for the same packages in any order.</summary>
    public static byte[] Write(IReadOnlyCollection<PackageReference> requested, IEnumerable<LockedPackage> packages) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new Content(
                [.. requested.Select(package => package.ToString()).Order(StringComparer.OrdinalIgnoreCase)],
                [.. packages.OrderBy(package => package.Id, StringComparer.OrdinalIgnoreCase)]),
            Json);

    /// <summary>The assemblies of the package and of all it needs, with their SHA-256; null where it is not locked in this version.</summary>
    public IReadOnlyDictionary<string, string>? Find(PackageReference reference)
    {
        if (!_packages.TryGetValue(reference.Id, out var first) || !first.Version.Equals(reference.Version, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { first.Id };
        var queue = new Queue<LockedPackage>([first]);
        while (queue.TryDequeue(out var package))
        {
            foreach (var (path, sha256) in package.Files)
            {
                files[Path.Combine(_folder, path)] = sha256;
            }

            foreach (var id in package.Dependencies.Where(seen.Add))
            {
                if (!_packages.TryGetValue(id, out var dependency))
                {
                    return null;
                }

                queue.Enqueue(dependency);
            }
        }

        return files;
    }

    /// <summary>The hash with which the package was locked; null where it is not locked in this version.</summary>
    public string? HashOf(string id, string version) =>
        _packages.TryGetValue(id, out var package) && package.Version.Equals(version, StringComparison.OrdinalIgnoreCase) ? package.Sha512 : null;

    // A lock file that points outside its folder was not written by a restore.
    private static bool IsSound(LockedPackage? package) => package is not null && package.Files.Keys.All(path =>
        !Path.IsPathRooted(path) && !path.Split('/', '\\').Contains("..", StringComparer.Ordinal));

    private sealed record Content(IReadOnlyList<string> Requested, IReadOnlyList<LockedPackage> Packages);
}
