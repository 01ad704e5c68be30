namespace ScriptProxy.Runtime;

/// <summary>
/// What the script code that runs now belongs to: a request, a load or a timer run. It flows with the
/// <see cref="ExecutionContext"/>, so it is right after every await and on every task that script code starts.
/// </summary>
/// <remarks>The static members of the script language find their generation here; the guard finds the invocation to stop.</remarks>
internal abstract class ScriptScope
{
    private static readonly AsyncLocal<ScriptScope?> Slot = new();

    /// <summary>The scope of the code that asks; null outside of scripts.</summary>
    internal static ScriptScope? Current
    {
        get => Slot.Value;
        set => Slot.Value = value;
    }

    /// <summary>The generation's services.</summary>
    internal GatewayRuntime? Runtime { get; set; }

    /// <summary>What is composed; null once the load is through.</summary>
    internal GatewayModel? Composition { get; set; }
}
