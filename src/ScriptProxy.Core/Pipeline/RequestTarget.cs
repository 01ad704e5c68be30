using System.Buffers;
using System.Text;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The writing of paths and queries on a request line.</summary>
internal static class RequestTarget
{
    private const string InPaths = "/-._~!$&'()*+,;=:@0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> OfPaths = SearchValues.Create(InPaths);
    private static readonly SearchValues<char> OfTargets = SearchValues.Create(InPaths + "?%[]");
    private static readonly SearchValues<char> OfUrls = SearchValues.Create(InPaths + "?%[]#");

    /// <summary>Encodes what no request line may hold, so that a target made of a client's words stays one target; the rest stays as written.</summary>
    internal static string Encode(string written) => Encode(written, OfTargets, keepsSlashes: false);

    /// <summary>Encodes what no URL in a header may hold, spaces and letters beyond ASCII among it; the rest stays as written.</summary>
    internal static string EncodeUrl(string written) => Encode(written, OfUrls, keepsSlashes: false);

    /// <summary>Encodes a decoded path. The server leaves %2F as it is, since it is no separator; so it stays here as well.</summary>
    internal static string EncodePath(string decoded) => Encode(decoded, OfPaths, keepsSlashes: true);

    /// <summary>Holds segments that the server resolved before anything was matched: "/." and its encoded forms.</summary>
    internal static bool HasDotSegments(ReadOnlySpan<char> path)
    {
        for (int slash; (slash = path.IndexOf('/')) >= 0;)
        {
            path = path[(slash + 1)..];
            if (path.StartsWith('.') || path.StartsWith("%2e", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static string Encode(string text, SearchValues<char> allowed, bool keepsSlashes)
    {
        if (!text.AsSpan().ContainsAnyExcept(allowed))
        {
            return text;
        }

        var made = new StringBuilder(text.Length + 16);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var plain = rune.IsBmp && allowed.Contains((char)rune.Value);
            var slash = keepsSlashes && rune.Value == '%' && text.AsSpan(at).StartsWith("%2F", StringComparison.OrdinalIgnoreCase);
            made.Append(plain || slash ? rune.ToString() : Uri.EscapeDataString(rune.ToString()));
            at += rune.Utf16SequenceLength;
        }

        return made.ToString();
    }
}
