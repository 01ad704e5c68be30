using System.Reflection;

namespace ScriptProxy.Core.Scripting;

/// <summary>Which member exists in which phase, read from the public context types.</summary>
internal sealed class PhaseMembers(ScriptCompilerOptions options)
{
    // For telling them in the order in which a request meets them; a phase that is not here comes last.
    private static readonly string[] Order =
    [
        "Preread", "Certificate", "Rewrite", "Access", "Content", "Lookup", "Balancer", "RequestBodyFilter", "UpstreamRequest",
        "UpstreamResponse", "HeaderFilter", "BodyFilter", "Error", "Log",
    ];

    private readonly Dictionary<string, HashSet<string>> _members = options.HostAssemblies
        .SelectMany(assembly => assembly.GetExportedTypes())
        .Where(type => type is { IsAbstract: false, IsNested: false } && type.Name.EndsWith("Context", StringComparison.Ordinal) && options.Imports.Contains(type.Namespace, StringComparer.Ordinal))
        .GroupBy(type => type.Name, StringComparer.Ordinal)
        .ToDictionary(
            group => group.Key,
            group => group.SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance)).Select(member => member.Name).ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal);

    public bool IsContext(string typeName) => _members.ContainsKey(typeName);

    public bool Has(string contextName, string member) => _members.TryGetValue(contextName, out var members) && members.Contains(member);

    /// <summary>In which phases the member exists; null where it exists in none, or where <paramref name="contextName"/> is no phase's context.</summary>
    public string? Explain(string member, string? contextName)
    {
        if (contextName is not null && !_members.ContainsKey(contextName))
        {
            return null;
        }

        var phases = _members
            .Where(entry => entry.Value.Contains(member))
            .Select(entry => ScriptRequest.PhaseOf(entry.Key))
            .OrderBy(phase => Array.IndexOf(Order, phase) is var index and >= 0 ? index : int.MaxValue)
            .ThenBy(phase => phase, StringComparer.Ordinal)
            .ToList();
        if (phases.Count == 0)
        {
            return null;
        }

        var list = phases.Count == 1 ? phases[0] : $"{string.Join(", ", phases.SkipLast(1))} and {phases[^1]}";
        return contextName is null
            ? $"`{member}` is a member of the context that {list} {(phases.Count == 1 ? "gets" : "get")}: write it behind the handler's parameter"
            : $"`{member}` is for {list}; {ScriptRequest.PhaseOf(contextName)} does not have it";
    }
}
