namespace ScriptProxy.Core.Scripting;

/// <summary>What plugins add to the language of the scripts of one generation.</summary>
/// <param name="Imports">Namespaces, and types whose static members need no name in front.</param>
/// <param name="Libraries">What scripts are compiled against besides the host's; the plugins' contexts hold them, not the scripts'.</param>
internal sealed record ScriptExtension(IReadOnlyList<string> Imports, IReadOnlyList<ScriptLibrary> Libraries)
{
    public static ScriptExtension None { get; } = new([], []);
}
