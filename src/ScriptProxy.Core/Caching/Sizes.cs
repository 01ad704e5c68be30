using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>What things take in memory on a 64-bit machine. A little too much rather than too little.</summary>
internal static class Sizes
{
    private const int Reference = 8;

    /// <summary>Of the dictionary's node and its place in the table, the slot, its place in the queue, its array of answers.</summary>
    private const int Slot = 64 + 64 + 64 + 64;

    /// <summary>The record, the arrays of headers, tags and names, the body's own objects.</summary>
    private const int Response = 200 + 32 + 32 + 32 + 96;

    /// <summary>Of each 64 KiB of a body: the array's header and the place in the list.</summary>
    private const int Segment = 24 + 16;

    internal static long Of(string key, StoredResponse response)
    {
        var size = Slot + Response + Of(key) + Of(response.Url) + Of(response.Variant) + response.Body.Length + (Segment * (1 + (response.Body.Length / (64 * 1024))));
        foreach (var (name, values) in response.Headers)
        {
            size += Of(name) + Reference + 16 + (values.Count > 1 ? 24 : 0);
            foreach (var value in values)
            {
                size += Of(value) + Reference;
            }
        }

        return size + response.Tags.Sum(Of) + response.Vary.Sum(Of);
    }

    private static long Of(string? text) => text is null ? Reference : (22 + (2L * text.Length) + 7) & ~7L;
}
