using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ScriptProxy.Plugins;

namespace ScriptProxy.Core.Plugins;

/// <summary>Looks at a plugin's dlls before anything of them is loaded.</summary>
internal static class PluginAssembly
{
    private static readonly Assembly Abstractions = typeof(IGatewayPlugin).Assembly;

    /// <summary>Every dll has arrived whole, and NAME.dll fits this gateway.</summary>
    /// <exception cref="PluginException">It does not.</exception>
    internal static void Check(PluginFiles plugin, Version provided)
    {
        foreach (var file in plugin.Files.Where(f => f.Path.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)))
        {
            try
            {
                using var image = new PEReader(ImmutableArray.Create(file.Bytes));
                if (image.PEHeaders.SectionHeaders.Any(s => s.PointerToRawData + s.SizeOfRawData > file.Bytes.Length))
                {
                    throw new PluginException("SP2001", $"{file.Path} is cut short");
                }

                if (file == plugin.Main)
                {
                    CheckMain(plugin, image, provided);
                }
            }
            catch (BadImageFormatException)
            {
                throw new PluginException("SP2001", $"{file.Path} is no whole assembly");
            }
        }
    }

    /// <summary>NAME.dll finds in a library of its own what it was built against: of files that arrive one by one some may still be old.</summary>
    /// <exception cref="PluginException">It does not.</exception>
    internal static void CheckOwn(PluginFiles plugin, Assembly own)
    {
        using var image = new PEReader(ImmutableCollectionsMarshal.AsImmutableArray(plugin.Main.Bytes));
        var metadata = image.GetMetadataReader();
        var name = own.GetName().Name!;
        var reference = metadata.AssemblyReferences.First(r => metadata.StringComparer.Equals(metadata.GetAssemblyReference(r).Name, name, ignoreCase: true));
        var missing = Missing(metadata, reference, own);
        if (missing.Count > 0)
        {
            throw new PluginException("SP2001", $"{plugin.Name}.dll was built against another {name}.dll: in the one here this is missing: {string.Join(", ", missing)}", "copy all files of one build");
        }
    }

    private static void CheckMain(PluginFiles plugin, PEReader image, Version provided)
    {
        var metadata = image.HasMetadata ? image.GetMetadataReader() : null;
        if (metadata is not { IsAssembly: true } || metadata.GetString(metadata.GetAssemblyDefinition().Name) != plugin.Name)
        {
            throw new PluginException("SP2001", $"{plugin.Name}.dll is not the .NET assembly {plugin.Name}");
        }

        var name = Abstractions.GetName().Name!;
        var reference = metadata.AssemblyReferences.FirstOrDefault(r => metadata.StringComparer.Equals(metadata.GetAssemblyReference(r).Name, name));
        if (reference.IsNil)
        {
            throw new PluginException("SP2001", $"{plugin.Name}.dll does not refer to {name}: it is no plugin");
        }

        CheckVersion(metadata, reference, metadata.GetAssemblyReference(reference).Version, provided);
    }

    /// <summary>The rule: built against the same major version, not against a later one, and only what is still there.</summary>
    private static void CheckVersion(MetadataReader metadata, AssemblyReferenceHandle abstractions, Version built, Version provided)
    {
        var versions = $"it was built against ScriptProxy.Abstractions {built.ToString(3)}, and this gateway has {provided.ToString(3)}";
        if (built.Major != provided.Major || built > provided)
        {
            throw new PluginException(
                "SP2002", versions, built > provided ? "take a newer gateway, or build the plugin against this one's version" : "build the plugin anew");
        }

        var missing = Missing(metadata, abstractions, Abstractions);
        if (missing.Count > 0)
        {
            throw new PluginException("SP2002", $"{versions}, where this is missing: {string.Join(", ", missing)}", "build the plugin anew");
        }
    }

    /// <summary>Types and members that are named and not there, some of them.</summary>
    private static List<string> Missing(MetadataReader metadata, AssemblyReferenceHandle reference, Assembly provided) =>
    [
        .. metadata.MemberReferences.Select(metadata.GetMemberReference)
            .Where(m => m.Parent.Kind == HandleKind.TypeReference)
            .Select(m => (Type: NameOf(metadata, (TypeReferenceHandle)m.Parent, reference), Member: metadata.GetString(m.Name)))
            .Where(m => m.Type is not null)
            .Concat(metadata.TypeReferences.Select(t => (Type: NameOf(metadata, t, reference), Member: "")).Where(t => t.Type is not null))
            .Where(m => provided.GetType(m.Type!) is not { } type || (m.Member.Length > 0 && !Has(type, m.Member)))
            .Select(m => m.Member.Length == 0 ? m.Type! : $"{m.Type}.{m.Member}")
            .Distinct(StringComparer.Ordinal)
            .Take(5),
    ];

    private static bool Has(Type type, string member)
    {
        const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        return type.GetMember(member, Any).Length > 0 || (type.BaseType is { } above && Has(above, member)) || type.GetInterfaces().Any(i => i.GetMember(member, Any).Length > 0);
    }

    private static string? NameOf(MetadataReader metadata, TypeReferenceHandle handle, AssemblyReferenceHandle scope)
    {
        var type = metadata.GetTypeReference(handle);
        var name = metadata.GetString(type.Name);
        if (type.ResolutionScope.Kind == HandleKind.TypeReference)
        {
            return NameOf(metadata, (TypeReferenceHandle)type.ResolutionScope, scope) is { } outer ? $"{outer}+{name}" : null;
        }

        if (type.ResolutionScope != scope)
        {
            return null;
        }

        return type.Namespace.IsNil ? name : $"{metadata.GetString(type.Namespace)}.{name}";
    }
}
