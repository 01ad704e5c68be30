namespace ScriptProxy.Core.Scripting;

/// <summary>One script to compile.</summary>
/// <param name="Path">The script's file.</param>
/// <param name="GlobalsType">The phase's context type, whose members are the script's globals: a class, the compiler takes no struct; null: composition.</param>
/// <param name="AnswerType">What the body's <c>return</c> must convert to; null: it must not return a value. Ignored in composition.</param>
internal sealed record ScriptRequest(string Path, Type? GlobalsType = null, Type? AnswerType = null)
{
    /// <summary>What plugins add.</summary>
    public ScriptExtension Extension { get; init; } = ScriptExtension.None;

    /// <summary>The phase in the user's words; null in composition.</summary>
    public string? Phase => GlobalsType is null ? null : PhaseOf(GlobalsType.Name);

    public static string PhaseOf(string contextName) =>
        contextName.EndsWith("Context", StringComparison.Ordinal) ? contextName[..^"Context".Length] : contextName;
}

/// <summary>Plugs in between the compiler's output and the cache: the guard.</summary>
internal interface IImageRewriter
{
    /// <summary>Part of the cache key: change it whenever the output changes.</summary>
    string Version { get; }

    /// <exception cref="ScriptException">The image must not run; its diagnostics say why.</exception>
    (byte[] Pe, byte[] Pdb) Rewrite(byte[] pe, byte[] pdb);
}
