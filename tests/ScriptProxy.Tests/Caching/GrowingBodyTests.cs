using System.IO.Pipelines;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Caching.Engine;

namespace ScriptProxy.Tests.Caching;

public class GrowingBodyTests
{
    private static void Write(GrowingBody body, byte[] bytes)
    {
        var rest = bytes.AsMemory();
        while (!rest.IsEmpty)
        {
            var room = body.Room();
            var piece = rest[..Math.Min(room.Length, rest.Length)];
            piece.CopyTo(room);
            body.Advance(piece.Length);
            rest = rest[piece.Length..];
        }
    }

    private static async Task<byte[]> ReadAllAsync(GrowingBody body, object reader)
    {
        var read = new MemoryStream();
        body.Enter(reader);
        ReadOnlyMemory<byte> piece;
        while (!(piece = await body.ReadAsync(reader, read.Length, CancellationToken.None)).IsEmpty)
        {
            read.Write(piece.Span);
        }

        body.Leave(reader);
        return read.ToArray();
    }

    [Fact]
    public void Body_AnyPieces_AllReadersAndTheStoreGetTheSame() =>
        Gen.Select(Gen.Byte.Array[0, 5000].Array[0, 20], Gen.Bool).Sample((pieces, declared) =>
        {
            var all = pieces.SelectMany(p => p).ToArray();
            var body = new GrowingBody();
            body.Expect(declared ? all.Length : null);
            var early = ReadAllAsync(body, "early");
            foreach (var piece in pieces)
            {
                Write(body, piece);
            }

            var late = ReadAllAsync(body, "late");
            body.End();
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            body.Whole().WriteAsync(pipe.Writer, 0, all.Length, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            pipe.Writer.Complete();
            using var stored = new MemoryStream();
            pipe.Reader.CopyToAsync(stored).GetAwaiter().GetResult();
            return early.Result.SequenceEqual(all) && late.Result.SequenceEqual(all) && stored.ToArray().SequenceEqual(all) && body.Whole().Length == all.Length;
        });

    [Fact]
    public async Task Body_BreaksOff_ReadersGetWhatCameAndThenTheError()
    {
        var body = new GrowingBody();
        Write(body, [1, 2, 3]);
        body.End(new IOException("gone"));
        Assert.Equal([1, 2, 3], (await body.ReadAsync("r", 0, CancellationToken.None)).ToArray());
        Assert.Equal("gone", (await Assert.ThrowsAsync<IOException>(async () => await body.ReadAsync("r", 3, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task Body_PassedOn_WaitsForTheSlowestAndLetsGo()
    {
        var body = new GrowingBody();
        body.Enter("slow");
        body.PassOn();
        Assert.True(body.KeepUpAsync(TimeProvider.System).IsCompleted);
        Write(body, new byte[2 * 1024 * 1024]);
        var room = body.KeepUpAsync(TimeProvider.System).AsTask();
        Assert.False(room.IsCompleted);
        var at = 0L;
        while (at < (1024 * 1024) + 131072)
        {
            Assert.True(at > (1024 * 1024) - 65536 || !room.IsCompleted);
            at += (await body.ReadAsync("slow", at, CancellationToken.None)).Length;
        }

        await room;
        Write(body, new byte[1024 * 1024]);
        var again = body.KeepUpAsync(TimeProvider.System).AsTask();
        Assert.False(again.IsCompleted);
        body.Leave("slow");
        await again;
    }

    [Fact]
    public async Task Body_PassedOn_OneWhoTakesNothing_IsGivenUpForTheOthers()
    {
        var time = new FakeTimeProvider();
        var body = new GrowingBody();
        body.Enter("stuck");
        body.Enter("fast");
        body.PassOn();
        Write(body, new byte[2 * 1024 * 1024]);
        for (var at = 0L; at < body.Length;)
        {
            at += (await body.ReadAsync("fast", at, CancellationToken.None)).Length;
        }

        var waiting = body.ReadAsync("fast", body.Length, CancellationToken.None).AsTask();
        var room = body.KeepUpAsync(time).AsTask();
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(room.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        await room;
        await Assert.ThrowsAsync<IOException>(async () => await body.ReadAsync("stuck", 65536, CancellationToken.None));
        Write(body, new byte[10]);
        Assert.Equal(10, (await waiting).Length);
    }

    [Fact]
    public async Task Body_PassedOn_ToOneAlone_WaitsAsLongAsItTakes()
    {
        var time = new FakeTimeProvider();
        var body = new GrowingBody();
        body.Enter("only");
        body.PassOn();
        Write(body, new byte[2 * 1024 * 1024]);
        var room = body.KeepUpAsync(time).AsTask();
        for (var i = 0; i < 10; i++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            Assert.False(room.IsCompleted);
        }

        Assert.NotEqual(0, (await body.ReadAsync("only", 1_900_000, CancellationToken.None)).Length);
        await room;
    }
}
