namespace ScriptProxy.Bench.Caching;

/// <summary>Keys of which the k-th is asked for 1/k as often as the first.</summary>
internal sealed class Zipf(int keys, int seed)
{
    // What pages of a site and the lists of public traces come near to: an exponent of one.
    private readonly Random _random = new(seed);

    /// <summary>1 to the number of keys.</summary>
    internal int Next()
    {
        while (true)
        {
            // Its density is nearly that of 1/k, and never less than ln 2 of it: what is too much is drawn again.
            var k = (int)Math.Pow(keys + 1.0, _random.NextDouble());
            if (_random.NextDouble() * k * Math.Log((k + 1.0) / k) <= Math.Log(2) && k <= keys)
            {
                return k;
            }
        }
    }

    /// <summary>The share of requests that the most popular ones get.</summary>
    internal static double Share(long most, int keys) => Harmonic(Math.Min(most, keys)) / Harmonic(keys);

    private static double Harmonic(long n)
    {
        var sum = 0.0;
        for (var k = n; k >= 1; k--)
        {
            sum += 1.0 / k;
        }

        return sum;
    }
}
