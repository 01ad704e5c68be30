using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching;

/// <summary>A stored answer: immutable, shared by all who are served from it.</summary>
public sealed record StoredResponse
{
    /// <summary>What was asked for: scheme, host, path and query.</summary>
    public required string Url { get; init; }

    /// <summary>The status, 200 to 599.</summary>
    public required int StatusCode { get; init; }

    /// <summary>The fields that are sent along, without those of one hop.</summary>
    public required IReadOnlyList<KeyValuePair<string, StringValues>> Headers { get; init; }

    /// <summary>The body.</summary>
    public required StoredBody Body { get; init; }

    /// <summary>The fields of a request that selected it, in lower case.</summary>
    public IReadOnlyList<string> Vary { get; init; } = [];

    /// <summary>What the request said in these fields; the empty text where there are none.</summary>
    public string Variant { get; init; } = "";

    /// <summary>When it came, or was last confirmed.</summary>
    public required DateTimeOffset Received { get; init; }

    /// <summary>How old it was then (RFC 9111, 4.2.3).</summary>
    public TimeSpan InitialAge { get; init; }

    /// <summary>At what age its freshness ends.</summary>
    public TimeSpan Lifetime { get; init; }

    /// <summary>How long after that it may be served while it is fetched again (RFC 5861, 3).</summary>
    public TimeSpan Grace { get; init; }

    /// <summary>How long after that it may stand in for an origin that fails (RFC 5861, 4).</summary>
    public TimeSpan Keep { get; init; }

    /// <summary>Fresh or not, the origin is to be asked first (no-cache).</summary>
    public bool AlwaysValidate { get; init; }

    /// <summary>Never to be served stale (must-revalidate, proxy-revalidate, s-maxage).</summary>
    public bool ForbidsStale { get; init; }

    /// <summary>A soft purge has ended its freshness.</summary>
    public bool SoftlyPurged { get; init; }

    /// <summary>What its freshness comes from, such as "max-age" or "heuristic".</summary>
    public string Reason { get; init; } = "";

    /// <summary>For purging by tag.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>What it takes in memory, with everything around it.</summary>
    public long Size { get; init; }

    /// <summary>The value of a header; empty where there is none.</summary>
    /// <param name="name">In any case.</param>
    public StringValues Header(string name)
    {
        foreach (var (key, value) in Headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return StringValues.Empty;
    }

    /// <summary>How old it is.</summary>
    /// <param name="now">The time.</param>
    public TimeSpan Age(DateTimeOffset now) => InitialAge + (now > Received ? now - Received : TimeSpan.Zero);

    /// <summary>The same after a soft purge: no longer fresh. Grace and keep count from that moment, or from when it became stale by itself, if that was before.</summary>
    /// <param name="at">The moment of the purge.</param>
    public StoredResponse MadeStale(DateTimeOffset at)
    {
        var age = Age(at);
        return this with { Lifetime = age < Lifetime ? age : Lifetime, SoftlyPurged = true };
    }
}

/// <summary>The body of a stored answer.</summary>
public abstract class StoredBody
{
    /// <summary>Less than this waits for the end of the answer, so that head and body leave together.</summary>
    internal const int Small = 16 * 1024;

    /// <summary>Of no bytes.</summary>
    public static StoredBody Empty { get; } = new MemoryBody([]);

    /// <summary>In bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Reading it has failed: it is not to be served again. False unless a store knows better.</summary>
    public virtual bool IsBroken => false;

    /// <summary>Writes a part of it.</summary>
    /// <param name="writer">Where to; flushed as often as its readers need.</param>
    /// <param name="first">The first byte.</param>
    /// <param name="count">How many.</param>
    /// <param name="stop">Gives up.</param>
    public abstract ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop);

    /// <summary>A body that lies in memory.</summary>
    /// <param name="segments">Never changed again; not copied.</param>
    public static StoredBody InMemory(IReadOnlyList<ReadOnlyMemory<byte>> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        return segments.Count == 0 ? Empty : new MemoryBody(segments as ReadOnlyMemory<byte>[] ?? [.. segments]);
    }

    /// <summary>Where it lies in memory; empty where it does not.</summary>
    internal virtual IReadOnlyList<ReadOnlyMemory<byte>> Segments => [];

    private sealed class MemoryBody(ReadOnlyMemory<byte>[] segments) : StoredBody
    {
        public override long Length { get; } = segments.Sum(s => (long)s.Length);

        internal override IReadOnlyList<ReadOnlyMemory<byte>> Segments => segments;

        public override ValueTask WriteAsync(PipeWriter writer, long first, long count, CancellationToken stop)
        {
            if (count > Small || segments.Length != 1)
            {
                return WriteSlowlyAsync(writer, first, count, stop);
            }

            writer.Write(segments[0].Span.Slice((int)first, (int)count));
            return default;
        }

        private async ValueTask WriteSlowlyAsync(PipeWriter writer, long first, long count, CancellationToken stop)
        {
            foreach (var segment in segments)
            {
                if (first >= segment.Length)
                {
                    first -= segment.Length;
                    continue;
                }

                var piece = segment.Slice((int)first, (int)Math.Min(count, segment.Length - first));
                first = 0;
                count -= piece.Length;
                if (piece.Length > 0)
                {
                    await writer.WriteAsync(piece, stop);
                }

                if (count == 0)
                {
                    return;
                }
            }
        }
    }
}
