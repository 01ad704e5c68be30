using System.IO.Compression;
using System.Text;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

/// <summary>What the tests of body filters share.</summary>
internal static class Bodies
{
    internal static readonly BodyCodings Plain = new([], [], HasBody: true);

    internal static BodyCodings Coded(params ContentCoding[] codings) => new(codings, codings, HasBody: true);

    internal static BodyFilterPipeline Pipeline(BodyPlan plan, BodyStage sink, BodyCodings? codings = null, string contentType = "text/plain", CancellationToken aborted = default) =>
        new(plan, codings ?? Plain, Core.Bodies.BodyContext.For(contentType, aborted), sink);

    internal static async Task<byte[]> RunAsync(BodyPlan plan, byte[] body, IEnumerable<int>? cuts = null, BodyCodings? codings = null, string contentType = "text/plain", bool flush = false)
    {
        var sink = new CollectingSink();
        var pipeline = Pipeline(plan, sink, codings, contentType);
        foreach (var chunk in Cut(body, cuts ?? []))
        {
            // The memory is the writer's again after the write: a stage that kept a reference would show it.
            var copy = chunk.ToArray();
            await pipeline.WriteAsync(copy);
            Array.Fill(copy, (byte)'#');
            if (flush)
                await pipeline.FlushAsync();
        }

        await pipeline.CompleteAsync();
        Assert.True(sink.Completed);
        return sink.Bytes;
    }

    internal static async Task<string> RunTextAsync(BodyPlan plan, string body, IEnumerable<int>? cuts = null, string contentType = "text/plain", bool flush = false) =>
        Encoding.UTF8.GetString(await RunAsync(plan, Encoding.UTF8.GetBytes(body), cuts, contentType: contentType, flush: flush));

    /// <summary>The pieces between the cuts, taken modulo the length.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Cut(byte[] body, IEnumerable<int> cuts)
    {
        var start = 0;
        foreach (var cut in cuts.Select(c => c % (body.Length + 1)).Order())
        {
            yield return body.AsMemory(start..cut);
            start = cut;
        }

        yield return body.AsMemory(start);
    }

    internal static byte[] Compress(byte[] body, string coding)
    {
        var target = new MemoryStream();
        using (Stream encoder = coding switch
        {
            "gzip" => new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(target, CompressionLevel.Optimal, leaveOpen: true),
            "raw" => new DeflateStream(target, CompressionLevel.Optimal, leaveOpen: true),
            _ => new BrotliStream(target, CompressionLevel.Optimal, leaveOpen: true),
        })
        {
            encoder.Write(body);
        }

        return target.ToArray();
    }

    internal static byte[] Decompress(byte[] body, string coding)
    {
        using Stream decoder = coding switch
        {
            "gzip" => new GZipStream(new MemoryStream(body), CompressionMode.Decompress),
            "deflate" => new ZLibStream(new MemoryStream(body), CompressionMode.Decompress),
            "raw" => new DeflateStream(new MemoryStream(body), CompressionMode.Decompress),
            _ => new BrotliStream(new MemoryStream(body), CompressionMode.Decompress),
        };
        var target = new MemoryStream();
        decoder.CopyTo(target);
        return target.ToArray();
    }

    internal static ContentCoding Coding(string name) => name switch
    {
        "gzip" => ContentCoding.Gzip,
        "deflate" or "raw" => ContentCoding.Deflate,
        _ => ContentCoding.Brotli,
    };
}

/// <summary>The destination of a test: keeps what arrives, and can count instead, block or fail.</summary>
internal sealed class CollectingSink : BodyStage
{
    private readonly MemoryStream _bytes = new();

    internal byte[] Bytes => _bytes.ToArray();

    internal string Text => Encoding.UTF8.GetString(Bytes);

    internal long Count { get; private set; }

    internal int Writes { get; private set; }

    internal int Flushes { get; private set; }

    internal bool Completed { get; private set; }

    internal Exception? Aborted { get; private set; }

    internal long? Announced { get; private set; }

    internal bool OnlyCount { get; init; }

    /// <summary>Asked before each write is taken.</summary>
    internal Func<CancellationToken, Task>? BeforeWrite { get; set; }

    internal override async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancel)
    {
        if (BeforeWrite is { } before)
            await before(cancel);
        Writes++;
        Count += data.Length;
        if (!OnlyCount)
            _bytes.Write(data.Span);
    }

    internal override ValueTask FlushAsync(CancellationToken cancel)
    {
        Flushes++;
        return default;
    }

    internal override ValueTask CompleteAsync(CancellationToken cancel)
    {
        Completed = true;
        return default;
    }

    internal override void AnnounceLength(long length) => Announced = length;

    internal override void Abort(Exception reason) => Aborted = reason;
}
