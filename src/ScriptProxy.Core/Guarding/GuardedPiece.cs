namespace ScriptProxy.Core.Guarding;

/// <summary>A piece of script code that the host calls outside of a handler's own part, with a full budget; it ends with the block around it.</summary>
internal ref struct GuardedPiece : IDisposable
{
    private GuardRun _run;

    internal GuardedPiece(GuardScope scope)
    {
        scope.Refill();
        scope.Enter(ref _run);
    }

    public void Dispose() => Guard.Leave(ref _run);
}
