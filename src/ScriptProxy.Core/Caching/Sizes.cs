using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>What things take in memory on a 64-bit machine. A little too much rather than too little.</summary>
internal static class Sizes
{
    private const int Reference = 8;
    private const int Array = 24;

    /// <summary>Of the dictionary's node and its places in the table, the slot, its node in the queue, its array of answers.</summary>
    private const int Slot = 48 + 24 + 56 + 48 + 32;

    /// <summary>The record, the body's object and its array of segments, the array of headers.</summary>
    private const int Response = 136 + 32 + Array + Array;

    /// <summary>Name and values.</summary>
    private const int Header = 16;

    /// <summary>Of each 64 KiB of a body: its array, and the place in the array of segments.</summary>
    private const int Segment = Array + 16;

    /// <summary>Without the texts of its headers, which it may have in common with others.</summary>
    internal static long Of(string key, StoredResponse response) =>
        Slot + Response + Of(key)
        + (response.Url.Equals(key, StringComparison.Ordinal) ? 0 : Of(response.Url)) + (response.Variant.Length == 0 ? 0 : Of(response.Variant))
        + response.Body.Length + (Segment * (1 + (response.Body.Length / (64 * 1024)))) + (Header * response.Headers.Count) + Of(response.Tags) + Of(response.Vary);

    internal static long Of(string text) => (22 + (2L * text.Length) + 7) & ~7L;

    internal static long OfArray(int count) => Array + (Reference * (long)count);

    private static long Of(IReadOnlyList<string> texts) => texts.Count == 0 ? 0 : OfArray(texts.Count) + texts.Sum(Of);
}
