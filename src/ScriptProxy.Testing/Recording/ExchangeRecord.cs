using System.Collections.Concurrent;

namespace ScriptProxy.Testing.Recording;

/// <summary>What became of one request, from when the pipeline took it to when it let it go.</summary>
internal sealed class ExchangeRecord(string id)
{
    private readonly ConcurrentQueue<PhaseStep> _steps = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal string Id => id;

    /// <summary>Log has run: nothing more comes.</summary>
    internal Task Ended => _ended.Task;

    internal PhaseTrace Trace => new([.. _steps]);

    internal string? Route { get; set; }

    internal string? Peer { get; set; }

    internal int Attempts { get; set; }

    internal void Add(PhaseStep step) => _steps.Enqueue(step);

    internal void End() => _ended.TrySetResult();
}

/// <summary>Goes with a connection that is made for one request, so that the test finds what became of it.</summary>
internal sealed class RequestTag
{
    internal ExchangeRecord? Record { get; private set; }

    internal void Take(ExchangeRecord record) => Record ??= record;
}
