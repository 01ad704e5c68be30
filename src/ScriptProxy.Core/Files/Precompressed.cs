using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ScriptProxy.Core.Files;

/// <summary>The siblings <c>x.css.br</c> and <c>x.css.gz</c> of a file, and which of them a client gets (RFC 9110 section 12.5.3).</summary>
internal static class Precompressed
{
    private const string Brotli = "br";
    private const string Gzip = "gzip";

    /// <summary>The encodings that lie beside <paramref name="file"/>, smallest first.</summary>
    public static string[] Encodings(FileTree tree, string file)
        => (tree.HasFile(file + Extension(Brotli)), tree.HasFile(file + Extension(Gzip))) switch
        {
            (true, true) => [Brotli, Gzip],
            (true, false) => [Brotli],
            (false, true) => [Gzip],
            _ => [],
        };

    public static string Extension(string encoding) => encoding == Brotli ? ".br" : ".gz";

    /// <summary>The encoding the client likes best, the first of equals; null: the file as it is, also where the header makes no sense.</summary>
    public static string? Choose(string[] available, StringValues acceptEncoding)
    {
        if (acceptEncoding.Count == 0 || !StringWithQualityHeaderValue.TryParseList(acceptEncoding, out IList<StringWithQualityHeaderValue>? accepted))
            return null;

        // A file as it is needs no permission; it loses to any encoding unless the client weighs it by name.
        string? best = null;
        double bestQuality = Quality(accepted, "identity", orAny: false) ?? 0;
        bool beatenByEqual = true;
        foreach (string encoding in available)
        {
            double quality = Quality(accepted, encoding, orAny: true) ?? 0;
            if (quality > bestQuality || (beatenByEqual && quality > 0 && quality == bestQuality))
            {
                best = encoding;
                bestQuality = quality;
                beatenByEqual = false;
            }
        }

        return best;
    }

    private static double? Quality(IList<StringWithQualityHeaderValue> accepted, string encoding, bool orAny)
    {
        double? any = null;
        foreach (StringWithQualityHeaderValue value in accepted)
        {
            StringSegment name = value.Value;
            if (name.Equals(encoding, StringComparison.OrdinalIgnoreCase) || (encoding == Gzip && name.Equals("x-gzip", StringComparison.OrdinalIgnoreCase)))
                return value.Quality ?? 1;
            if (orAny && name == "*")
                any = value.Quality ?? 1;
        }

        return any;
    }
}
