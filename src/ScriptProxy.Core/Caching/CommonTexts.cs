using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>
/// Headers that many answers have in common are kept once: without it the texts of a small answer's head take as much as its body. Bounded: a newcomer takes
/// the place of another.
/// </summary>
/// <remarks>For several at once; what they take from one another is only kept twice.</remarks>
internal sealed class CommonTexts
{
    private const int Places = 4096;
    private const int Longest = 256;

    private readonly string?[] _texts = new string?[Places];

    /// <summary>An answer as it is to lie in memory, with its size.</summary>
    internal StoredResponse Settle(string key, StoredResponse response)
    {
        var texts = 0L;
        var headers = new KeyValuePair<string, StringValues>[response.Headers.Count];
        for (var i = 0; i < headers.Length; i++)
        {
            var (name, values) = response.Headers[i];
            headers[i] = new(Share(name, ref texts), Share(values, ref texts));
        }

        return response with
        {
            Url = response.Url.Equals(key, StringComparison.Ordinal) ? key : response.Url,
            Headers = headers,
            Size = Sizes.Of(key, response) + texts,
        };
    }

    private StringValues Share(StringValues values, ref long size)
    {
        if (values.Count == 1)
        {
            return Share(values[0], ref size);
        }

        var shared = new string?[values.Count];
        for (var i = 0; i < shared.Length; i++)
        {
            shared[i] = Share(values[i], ref size);
        }

        size += Sizes.OfArray(shared.Length);
        return shared;
    }

    /// <param name="text">Any.</param>
    /// <param name="size">Grows by what it takes where no other has it.</param>
    private string Share(string? text, ref long size)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        if (text.Length <= Longest)
        {
            ref var place = ref _texts[(uint)text.GetHashCode(StringComparison.Ordinal) % Places];
            if (place is { } known && known.Equals(text, StringComparison.Ordinal))
            {
                return known;
            }

            place = text;
        }

        size += Sizes.Of(text);
        return text;
    }
}
