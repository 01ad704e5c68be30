using System.Security.Cryptography;
using NuGet.Common;
using NuGet.Configuration;
using NuGet.Frameworks;
using NuGet.Packaging;
using NuGet.Packaging.Core;
using NuGet.Protocol;
using NuGet.Protocol.Core.Types;
using NuGet.Resolver;
using NuGet.Versioning;

namespace ScriptProxy.Core.Scripting;

/// <summary>A package could not be restored; the message says which and why.</summary>
internal sealed class PackageRestoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a restore did: the packages that the lock file now names, and what will not work as their authors meant.</summary>
internal sealed record PackageRestoreResult(IReadOnlyList<LockedPackage> Packages, IReadOnlyList<string> Warnings);

/// <summary>
/// Fetches the packages that scripts name, with all they need, from the sources of the user's NuGet configuration, and writes the lock
/// file. Only the <c>restore</c> command does this; the gateway itself reads the lock file.
/// </summary>
internal sealed class PackageRestore : IDisposable
{
    private static readonly NuGetFramework Framework = NuGetFramework.Parse("net10.0");

    private readonly string _lockPath;
    private readonly string _folder;
    private readonly SourceCacheContext _cache = new();
    private readonly List<SourceRepository> _sources;
    private readonly List<string> _warnings = [];

    /// <param name="lockPath">Beside <c>proxy.csx</c>; NuGet's configuration is looked for from there upwards.</param>
    public PackageRestore(string lockPath)
    {
        _lockPath = Path.GetFullPath(lockPath);
        _folder = PackageLock.FolderFor(_lockPath);
        var settings = Settings.LoadDefaultSettings(Path.GetDirectoryName(_lockPath));
        _sources = [.. new PackageSourceProvider(settings).LoadPackageSources().Where(source => source.IsEnabled).Select(source => Repository.Factory.GetCoreV3(source))];
    }

    public void Dispose() => _cache.Dispose();

    /// <exception cref="PackageRestoreException">A package is nowhere to be found, does not fit, or is not the one that was locked before. The lock file stays as it was.</exception>
    public async Task<PackageRestoreResult> RestoreAsync(IReadOnlyList<PackageIdentity> requested, CancellationToken stop)
    {
        try
        {
            var available = await GatherAsync(requested, stop);
            var chosen = Resolve(requested, available, stop);
            var locked = SourceFile.TryRead(_lockPath) is { } file ? PackageLock.TryParse(file) : null;
            var packages = new List<LockedPackage>();
            foreach (var package in chosen)
            {
                packages.Add(await FetchAsync(package, locked, stop));
            }

            var written = PackageLock.Write([.. requested.Select(package => new PackageReference(package.Id, package.Version.ToNormalizedString()))], packages);
            await WriteAsync(_lockPath, written, stop);
            return new PackageRestoreResult(packages, _warnings);
        }
        catch (Exception error) when (error is FatalProtocolException or PackagingException or IOException or UnauthorizedAccessException)
        {
            throw new PackageRestoreException($"The packages cannot be restored: {error.Message}", error);
        }
    }

    private static bool IsProvided(string id) =>
        FrameworkReferences.FrameworkNames.Contains(id)
        || id.StartsWith("Microsoft.NETCore.", StringComparison.OrdinalIgnoreCase)
        || id.StartsWith("runtime.", StringComparison.OrdinalIgnoreCase)
        || id.Equals("NETStandard.Library", StringComparison.OrdinalIgnoreCase);

    // Every version that can come into question: those asked for, and of each dependency the lowest that fits the one who needs it.
    private async Task<List<SourcePackageDependencyInfo>> GatherAsync(IReadOnlyList<PackageIdentity> requested, CancellationToken stop)
    {
        var roots = requested.ToDictionary(package => package.Id, package => package.Version, StringComparer.OrdinalIgnoreCase);
        var gathered = new Dictionary<PackageIdentity, SourcePackageDependencyInfo>();
        var queue = new Queue<PackageIdentity>(requested.Where(package => !IsProvided(package.Id)));
        while (queue.TryDequeue(out var package))
        {
            if (gathered.ContainsKey(package))
            {
                continue;
            }

            var info = await DescribeAsync(package, stop);
            gathered.Add(package, info);
            foreach (var dependency in info.Dependencies)
            {
                // The version that a script names is the one it gets; where that does not fit, the resolver says so.
                var version = roots.GetValueOrDefault(dependency.Id) ?? await LowestAsync(package, dependency, stop);
                queue.Enqueue(new PackageIdentity(dependency.Id, version));
            }
        }

        return [.. gathered.Values];
    }

    private async Task<SourcePackageDependencyInfo> DescribeAsync(PackageIdentity package, CancellationToken stop)
    {
        foreach (var source in _sources)
        {
            var resource = await ResourceAsync<DependencyInfoResource>(source, stop);
            if (await resource.ResolvePackage(package, Framework, _cache, NullLogger.Instance, stop) is { } info)
            {
                foreach (var dependency in info.Dependencies.Where(dependency => IsProvided(dependency.Id)))
                {
                    RefuseNewerThanFramework(package, dependency);
                }

                var needed = info.Dependencies.Where(dependency => !IsProvided(dependency.Id));
                return new SourcePackageDependencyInfo(info, needed, info.Listed, source, info.DownloadUri, info.PackageHash);
            }
        }

        throw NotFound($"{package.Id} {package.Version}");
    }

    private static void RefuseNewerThanFramework(PackageIdentity package, PackageDependency dependency)
    {
        if (dependency.VersionRange.MinVersion is { } version && version.Major > Environment.Version.Major)
        {
            throw new PackageRestoreException(
                $"The package {package.Id} {package.Version} needs {dependency.Id} {version}, and the gateway runs on .NET {Environment.Version.Major}.");
        }
    }

    private async Task<NuGetVersion> LowestAsync(PackageIdentity package, PackageDependency dependency, CancellationToken stop)
    {
        var versions = new List<NuGetVersion>();
        foreach (var source in _sources)
        {
            var resource = await ResourceAsync<FindPackageByIdResource>(source, stop);
            versions.AddRange(await resource.GetAllVersionsAsync(dependency.Id, _cache, NullLogger.Instance, stop));
        }

        return dependency.VersionRange.FindBestMatch(versions)
            ?? throw NotFound($"{dependency.Id} {dependency.VersionRange.PrettyPrint()}, which {package.Id} {package.Version} needs,");
    }

    private static List<SourcePackageDependencyInfo> Resolve(
        IReadOnlyList<PackageIdentity> requested, List<SourcePackageDependencyInfo> available, CancellationToken stop)
    {
        var wanted = requested.Where(package => !IsProvided(package.Id)).ToList();
        if (wanted.Count == 0)
        {
            return [];
        }

        var context = new PackageResolverContext(
            DependencyBehavior.Lowest,
            targetIds: wanted.Select(package => package.Id),
            requiredPackageIds: wanted.Select(package => package.Id),
            packagesConfig: [],
            preferredVersions: wanted,
            availablePackages: available,
            packageSources: [],
            NullLogger.Instance);
        try
        {
            var chosen = new PackageResolver().Resolve(context, stop).ToHashSet(PackageIdentity.Comparer);
            return [.. available.Where(chosen.Contains)];
        }
        catch (NuGetResolverException error)
        {
            throw new PackageRestoreException($"The packages do not fit together: {Conflicts(available) ?? error.Message}", error);
        }
    }

    // Who needs what, for each package of which no version suits all who need it.
    private static string? Conflicts(List<SourcePackageDependencyInfo> available)
    {
        var needs = available
            .SelectMany(package => package.Dependencies, (package, dependency) => (Package: package, Needed: dependency))
            .GroupBy(need => need.Needed.Id, StringComparer.OrdinalIgnoreCase)
            .Where(group => !available.Exists(package =>
                package.Id.Equals(group.Key, StringComparison.OrdinalIgnoreCase) && group.All(need => need.Needed.VersionRange.Satisfies(package.Version))))
            .SelectMany(group => group)
            .Select(need => $"{need.Package.Id} {need.Package.Version} needs {need.Needed.Id} {need.Needed.VersionRange.ToNormalizedString()}")
            .ToList();
        return needs.Count == 0 ? null : string.Join(", ", needs) + ".";
    }

    private async Task<LockedPackage> FetchAsync(SourcePackageDependencyInfo package, PackageLock? locked, CancellationToken stop)
    {
        using var archive = new MemoryStream();
        var resource = await ResourceAsync<FindPackageByIdResource>(package.Source!, stop);
        if (!await resource.CopyNupkgToStreamAsync(package.Id, package.Version, archive, _cache, NullLogger.Instance, stop))
        {
            throw NotFound($"{package.Id} {package.Version}");
        }

        var version = package.Version.ToNormalizedString();
        var hash = Convert.ToBase64String(SHA512.HashData(archive.GetBuffer().AsSpan(0, (int)archive.Length)));
        if (locked?.HashOf(package.Id, version) is { } before && before != hash)
        {
            throw new PackageRestoreException(
                $"The package {package.Id} {version} is not the one that was locked: its hash was {before} and is {hash}. Delete its entry from the lock file to accept it.");
        }

        archive.Position = 0;
        using var reader = new PackageArchiveReader(archive);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in await AssembliesAsync(reader, package, stop))
        {
            using var content = new MemoryStream();
            await using (var stream = await reader.GetStreamAsync(item, stop))
            {
                await stream.CopyToAsync(content, stop);
            }

            var relative = string.Join('/', package.Id.ToLowerInvariant(), version, Path.GetFileName(item));
            await WriteAsync(Path.Combine(_folder, relative), content.ToArray(), stop);
            files.Add(relative, SourceFile.Hash(content.ToArray()));
        }

        return new LockedPackage(package.Id, version, hash, files, [.. package.Dependencies.Select(dependency => dependency.Id)]);
    }

    private async Task<IReadOnlyList<string>> AssembliesAsync(PackageArchiveReader reader, PackageIdentity package, CancellationToken stop)
    {
        var groups = (await reader.GetLibItemsAsync(stop)).ToList();
        var nearest = new FrameworkReducer().GetNearest(Framework, groups.Select(group => group.TargetFramework));
        if (nearest is null && groups.Count > 0)
        {
            throw new PackageRestoreException($"The package {package.Id} {package.Version} has nothing for .NET {Framework.Version.Major}.");
        }

        if (reader.GetFiles("runtimes").Any())
        {
            _warnings.Add($"{package.Id} {package.Version} has parts for single operating systems; scripts get the general part only.");
        }

        // Translations lie one folder deeper and are left out.
        return [.. groups
            .Where(group => group.TargetFramework.Equals(nearest))
            .SelectMany(group => group.Items)
            .Where(item => item.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && !item.EndsWith(".resources.dll", StringComparison.OrdinalIgnoreCase))];
    }

    private static async Task<T> ResourceAsync<T>(SourceRepository source, CancellationToken stop)
        where T : class, INuGetResource =>
        await source.GetResourceAsync<T>(stop) ?? throw new PackageRestoreException($"The package source {source.PackageSource.Name} does not speak NuGet's protocol.");

    private PackageRestoreException NotFound(string what) => new(
        $"The package {what} is in none of the sources: {(_sources.Count == 0 ? "none is configured" : string.Join(", ", _sources.Select(source => source.PackageSource.Name)))}.");

    // A running gateway may read at any time, so a file appears whole or not at all.
    private static async Task WriteAsync(string path, byte[] bytes, CancellationToken stop)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Path.GetRandomFileName()}";
        await File.WriteAllBytesAsync(temporary, bytes, stop);
        File.Move(temporary, path, overwrite: true);
    }
}
