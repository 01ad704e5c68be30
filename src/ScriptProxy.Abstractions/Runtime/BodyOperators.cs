namespace ScriptProxy.Runtime;

/// <summary>Where the body contexts write their operators down; Core's body plan.</summary>
internal abstract class BodyOperators
{
    internal abstract void ReplaceText(string from, string to);

    internal abstract void Buffer(long max, Func<string, ValueTask<string>>? rewrite);

    internal abstract void Transform(Func<Stream, Stream, CancellationToken, Task> transform);

    internal abstract void Lines(Func<string, string?> rewrite);

    internal abstract void Events(Func<ServerSentEvent, ServerSentEvent?> rewrite);
}
