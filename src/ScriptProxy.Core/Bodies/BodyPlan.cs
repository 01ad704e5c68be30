using System.Text;
using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Core.Bodies;

/// <summary>What the body filters of one message want done, in the order they said it.</summary>
/// <remarks>Text is in the charset that Content-Type names, UTF-8 where it names none or an unknown one; a character that the charset lacks is written as a question mark.</remarks>
internal sealed class BodyPlan
{
    private readonly List<BodyOperator> _operators = [];

    internal bool IsEmpty => _operators.Count == 0;

    /// <summary>True when an operator keeps the whole body back: the answer's headers then wait for it, and can still become an error.</summary>
    internal bool HoldsBody { get; private set; }

    /// <summary>Replaces every occurrence, leftmost first, by ordinal comparison.</summary>
    internal BodyPlan ReplaceText(string from, string to)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        ArgumentNullException.ThrowIfNull(to);
        return Add((next, context) => TextStages.Around(next, context, (inner, charset) => TextStages.Replace(inner, charset, from, to)));
    }

    /// <summary>Hands the body to a function as a stream; what it writes goes on. What it does not read is dropped, and when it throws the message fails.</summary>
    internal BodyPlan Transform(Func<Stream, Stream, CancellationToken, Task> transform)
    {
        ArgumentNullException.ThrowIfNull(transform);
        return Add((next, context) => new TransformStage(next, GuardedTransform(transform), context.Aborted));
    }

    /// <summary>Collects the whole body, at most <paramref name="max"/> bytes, and passes it on as one.</summary>
    /// <exception cref="BodyTooLargeException">Thrown to the writer when the body is longer.</exception>
    internal BodyPlan Buffer(long max) => AddBuffer(max, edit: null);

    /// <summary>Collects the whole body, at most <paramref name="max"/> bytes, and passes on what the function makes of its text.</summary>
    internal BodyPlan Buffer(long max, Func<string, string> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return AddBuffer(max, Guarded<string, ValueTask<string>>(text => new ValueTask<string>(edit(text))));
    }

    /// <inheritdoc cref="Buffer(long, Func{string, string})"/>
    internal BodyPlan Buffer(long max, Func<string, ValueTask<string>> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return AddBuffer(max, Guarded(edit));
    }

    /// <summary>Edits each line, told without its terminator (LF or CR LF), which is kept; null drops the line. A line holds at most 1 MiB.</summary>
    internal BodyPlan Lines(Func<string, string?> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return Add((next, context) => TextStages.Around(next, context, (inner, charset) => new LinesStage(inner, charset, Guarded(edit))));
    }

    /// <summary>Edits each server-sent event; null drops it. Does nothing to a body that is not text/event-stream. An event holds at most 1 MiB.</summary>
    internal BodyPlan Events(Func<ServerSentEvent, ServerSentEvent?> edit)
    {
        ArgumentNullException.ThrowIfNull(edit);
        return Add((next, context) => context.IsEventStream ? new EventsStage(next, Guarded(edit)) : next);
    }

    internal BodyStage Build(BodyStage sink, BodyContext context)
    {
        for (var i = _operators.Count - 1; i >= 0; i--)
            sink = _operators[i](sink, context);
        return sink;
    }

    private BodyPlan AddBuffer(long max, Func<string, ValueTask<string>>? edit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(max);
        HoldsBody = true;
        return Add((next, context) => new BufferStage(next, Math.Min(max, Array.MaxLength), context.Charset, edit));
    }

    // The stages call these between the script's own parts, where nothing else would tell the guard that a script runs.
    private static Func<TIn, TOut> Guarded<TIn, TOut>(Func<TIn, TOut> call) => value =>
    {
        using var piece = new GuardedPiece(GuardScope.Current);
        return call(value);
    };

    private static Func<Stream, Stream, CancellationToken, Task> GuardedTransform(Func<Stream, Stream, CancellationToken, Task> call) => (input, output, stop) =>
    {
        Task running;
        using (new GuardedPiece(GuardScope.Current))
        {
            running = call(input, output, stop);
        }

        return running;
    };

    private BodyPlan Add(BodyOperator step)
    {
        _operators.Add(step);
        return this;
    }

    private delegate BodyStage BodyOperator(BodyStage next, BodyContext context);
}

/// <summary>What the stages know of the message.</summary>
/// <param name="Charset">The charset of its text.</param>
/// <param name="IsEventStream">Whether Content-Type is text/event-stream.</param>
/// <param name="Aborted">Cancelled when the exchange is over before its time.</param>
internal sealed record BodyContext(Encoding Charset, bool IsEventStream, CancellationToken Aborted)
{
    internal static BodyContext For(string? contentType, CancellationToken aborted)
    {
        var charset = TextStages.Utf8;
        var isEventStream = false;
        if (Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var type))
        {
            charset = TextStages.Charset(type.Charset.Value);
            isEventStream = type.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase);
        }

        return new BodyContext(charset, isEventStream, aborted);
    }
}
