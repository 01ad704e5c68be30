using System.Globalization;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;
using ScriptProxy.Core.Caching;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Caching;

/// <summary>The heap of the whole process is measured here, so no other test may run beside it.</summary>
[CollectionDefinition("The cache's memory", DisableParallelization = true)]
public sealed class MemoryStoreHeapCollection;

[Collection("The cache's memory")]
public sealed class MemoryStoreHeapTests
{
    /// <summary>As an origin sends it, each text made anew, as from a connection.</summary>
    private static StoredResponse Answer(string url, int number, int bytes, int tags)
    {
        static KeyValuePair<string, StringValues> Header(string name, string value) => new(name, new string(value.AsSpan()));
        var segments = new ReadOnlyMemory<byte>[(bytes + 65_535) / 65_536];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = new byte[Math.Min(65_536, bytes - (i * 65_536))];
        }

        return new StoredResponse
        {
            Url = url,
            StatusCode = 200,
            Headers =
            [
                Header("Server", "nginx/1.22.1"),
                Header("Date", "Tue, 01 Jan 2030 00:00:00 GMT"),
                Header("Content-Type", "text/plain; charset=utf-8"),
                Header("Last-Modified", "Mon, 31 Dec 2029 00:00:00 GMT"),
                Header("ETag", string.Create(CultureInfo.InvariantCulture, $"\"{number:x16}\"")),
                Header("Cache-Control", "public, max-age=600"),
                Header("Accept-Ranges", "bytes"),
                new("X-Several", new StringValues([new string("one"), new string("two")])),
            ],
            Body = StoredBody.InMemory(segments),
            Received = DateTimeOffset.UnixEpoch,
            Lifetime = TimeSpan.FromMinutes(10),
            Reason = "max-age",
            Tags = [.. Enumerable.Range(0, tags).Select(i => string.Create(CultureInfo.InvariantCulture, $"tag-{number}-{i}"))],
        };
    }

    [Theory]
    [InlineData(20_000, 0, 0)]
    [InlineData(20_000, 1024, 0)]
    [InlineData(20_000, 1024, 3)]
    [InlineData(500, 100_000, 0)]
    public async Task Bytes_AreWhatTheHeapGrowsBy(int count, int bytes, int tags)
    {
        // What earlier tests left may still come and go meanwhile; a wrong count is wrong each time.
        var told = "";
        for (var round = 0; round < 3; round++)
        {
            var (counted, grown) = await GrowAsync(count, bytes, tags);
            if ((double)counted / grown is > 0.95 and < 1.2)
            {
                return;
            }

            told += string.Create(CultureInfo.InvariantCulture, $"counted {counted / count} bytes for an answer, the heap grew by {grown / count}; ");
        }

        Assert.Fail(told);
    }

    private static async Task<(long Counted, long Grown)> GrowAsync(int count, int bytes, int tags)
    {
        var store = new MemoryStore(1024L * 1024 * 1024);
        var before = Heap.Live();
        for (var i = 0; i < count; i++)
        {
            var url = string.Create(CultureInfo.InvariantCulture, $"http://shop.example/any/{i}");
            Assert.True(await store.StoreAsync(url, Answer(url, i, bytes, tags), 0, CancellationToken.None));
        }

        var grown = Heap.Live() - before;
        return (store.Bytes, grown);
    }

    [Fact]
    public async Task Headers_ThatManyHave_AreThereOnce()
    {
        var store = new MemoryStore(1024 * 1024);
        foreach (var key in new[] { "http://a/1", "http://a/2" })
        {
            await store.StoreAsync(key, Answer(new string(key), 1, 10, 0), 0, CancellationToken.None);
        }

        var one = (await store.FindAsync("http://a/1", CancellationToken.None))[0];
        var other = (await store.FindAsync("http://a/2", CancellationToken.None))[0];
        Assert.All(one.Headers.Zip(other.Headers), pair => Assert.All(pair.First.Value.Zip(pair.Second.Value), text => Assert.Same(text.First, text.Second)));
        Assert.True(other.Size < one.Size - 300, $"{one.Size} and {other.Size}");
    }
}
