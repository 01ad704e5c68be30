using System.Collections;

namespace ScriptProxy.Testing;

/// <summary>One run of one handler.</summary>
/// <param name="Phase">The verb: Rewrite, Access ... Log; Timer for a run of Every or After.</param>
/// <param name="Source">Where the handler is written, <c>scripts/token.csx:3</c>: relative to the folder of proxy.csx.</param>
/// <param name="Verdict">What it answered: <c>Next</c>, <c>Respond(401)</c>; a peer's name in Balancer; null in phases that answer nothing.</param>
/// <param name="Error">What it threw; null where all went well.</param>
/// <param name="Request">The request as it was when the handler had run, <c>GET /shop</c>; null for a timer.</param>
public sealed record PhaseStep(string Phase, string Source, string? Verdict, Exception? Error, string? Request)
{
    /// <summary>One line: <c>Access scripts/token.csx:3 -> Respond(401)</c>.</summary>
    public override string ToString() =>
        Error is not null ? $"{Phase} {Source} -> {Error.GetType().Name}: {Error.Message}" : Verdict is null ? $"{Phase} {Source}" : $"{Phase} {Source} -> {Verdict}";
}

/// <summary>The handlers that ran, in order.</summary>
public sealed class PhaseTrace : IReadOnlyList<PhaseStep>
{
    private readonly IReadOnlyList<PhaseStep> _steps;

    internal PhaseTrace(IReadOnlyList<PhaseStep> steps) => _steps = steps;

    /// <inheritdoc />
    public int Count => _steps.Count;

    /// <inheritdoc />
    public PhaseStep this[int index] => _steps[index];

    /// <inheritdoc />
    public IEnumerator<PhaseStep> GetEnumerator() => _steps.GetEnumerator();

    /// <summary>A line for each step.</summary>
    public override string ToString() => string.Join('\n', _steps);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
