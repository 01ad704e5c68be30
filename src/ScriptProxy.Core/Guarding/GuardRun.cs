using System.Runtime.InteropServices;

namespace ScriptProxy.Core.Guarding;

/// <summary>
/// What a thread was running before a piece of script code began on it: kept on the stack of whoever began the piece, and
/// put back when the piece ends. Public because rewritten scripts hold one in a local.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public struct GuardRun
{
    /// <summary>The thread whose slot was taken; null where the piece continues one of the same scope.</summary>
    internal ThreadSlot? Slot;
    internal GuardScope? Scope;
    internal long Stamp;
    internal long Start;
    internal long Used;
    internal long Budget;
    internal long GraceUntil;
    internal bool Loose;
}
