using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Bodies;

/// <summary>Writes what the body contexts are told into a plan.</summary>
internal sealed class PlanOperators(BodyPlan plan) : BodyOperators
{
    internal override void ReplaceText(string from, string to) => plan.ReplaceText(from, to);

    internal override void Buffer(long max, Func<string, ValueTask<string>>? rewrite)
    {
        if (rewrite is null)
        {
            plan.Buffer(max);
        }
        else
        {
            plan.Buffer(max, rewrite);
        }
    }

    internal override void Transform(Func<Stream, Stream, CancellationToken, Task> transform) => plan.Transform(transform);

    internal override void Lines(Func<string, string?> rewrite) => plan.Lines(rewrite);

    internal override void Events(Func<ServerSentEvent, ServerSentEvent?> rewrite) => plan.Events(rewrite);
}
