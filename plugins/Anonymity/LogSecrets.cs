using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Anonymizing;

/// <summary>
/// What of one request must not be written down, wherever in a line it stands: found by its text, since a handler may have put it together in any way.
/// Made before the Log view hides it, and added to as the answer's headers come.
/// </summary>
internal sealed class LogSecrets
{
    // Below this a value is too common a text: "1" or "en" would be cut out of everything.
    private const int ShortestPiece = 3;

    private static readonly ExchangeKey<LogSecrets?> Key = new("Anonymize: not to be logged");

    private readonly Dictionary<string, string> _instead = new(StringComparer.Ordinal);
    private volatile (string Text, string Instead)[] _longestFirst = [];

    private LogSecrets(Policy policy, ExchangeContext context)
    {
        var address = ClientAddresses.Logged(context.ClientIp, policy.Options.LogAddress, policy.Pseudonyms, Policy.AsksForPrivacy(context.Request));
        _instead.Add(context.ClientIp.ToString(), address.ToString());
        if (!policy.Options.LogQueryValues)
        {
            AddQuery(context.Request);
            AddReferer(context.Request.Headers.Referer);
        }

        AddHeaders(policy, context.Request.Headers);
    }

    internal static LogSecrets Of(Policy policy, ExchangeContext context)
    {
        if (context.Get(Key) is not { } secrets)
        {
            context.Set(Key, secrets = new LogSecrets(policy, context));
        }

        secrets.AddHeaders(policy, context.Response.Headers);
        if (secrets._longestFirst.Length != secrets._instead.Count)
        {
            secrets._longestFirst = [.. secrets._instead.Select(i => (i.Key, i.Value)).OrderByDescending(i => i.Key.Length)];
        }

        return secrets;
    }

    internal string Redact(string text)
    {
        var secrets = _longestFirst;
        StringBuilder? written = null;
        var done = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (at > 0 && char.IsLetterOrDigit(text[at]) && char.IsLetterOrDigit(text[at - 1]))
            {
                continue;
            }

            foreach (var (secret, instead) in secrets)
            {
                if (IsAt(text, at, secret))
                {
                    (written ??= new StringBuilder()).Append(text, done, at - done).Append(instead);
                    done = at + secret.Length;
                    at = done - 1;
                    break;
                }
            }
        }

        return written is null ? text : written.Append(text, done, text.Length - done).ToString();
    }

    private static bool IsAt(string text, int at, string secret)
    {
        var end = at + secret.Length;
        return text.AsSpan(at).StartsWith(secret, StringComparison.Ordinal)
            && (end == text.Length || !char.IsLetterOrDigit(text[end]) || !char.IsLetterOrDigit(secret[^1]));
    }

    private void AddPiece(ReadOnlySpan<char> piece)
    {
        if (piece.Trim("\" ") is { Length: >= ShortestPiece } text)
        {
            _instead.TryAdd(text.ToString(), LogView.Redacted);
        }
    }

    private void AddQuery(HttpRequest request)
    {
        if (request.QueryString.Value is { Length: > 1 } query)
        {
            var names = TrackingQuery.WithoutValues(query);
            _instead.TryAdd(query, names);
            _instead.TryAdd(query[1..], names[1..]);
        }

        foreach (var (_, values) in request.Query)
        {
            foreach (var value in values)
            {
                AddPiece(value);
                AddPiece(Uri.EscapeDataString(value ?? ""));
            }
        }
    }

    private void AddReferer(StringValues referer)
    {
        if (referer is [{ } text] && text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at)
        {
            _instead.TryAdd(text[at..], TrackingQuery.WithoutValues(text.AsSpan(at)));
        }
    }

    private void AddHeaders(Policy policy, IHeaderDictionary headers)
    {
        foreach (var (name, values) in headers)
        {
            if (policy.LogRedactedHeaders.Contains(name))
            {
                foreach (var value in values)
                {
                    AddPiece(value);
                    AddParts(name, value);
                }
            }
        }
    }

    /// <summary>What handlers take out of such a header: a cookie, a token, an address.</summary>
    private void AddParts(string name, ReadOnlySpan<char> value)
    {
        if (name.EndsWith("Authorization", StringComparison.OrdinalIgnoreCase))
        {
            AddPiece(value[(value.IndexOf(' ') + 1)..]);
            return;
        }

        // Attributes of Set-Cookie are no secret.
        var isSetCookie = name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase);
        var isCookie = isSetCookie || name.Equals("Cookie", StringComparison.OrdinalIgnoreCase);
        foreach (var range in value.Split(isCookie ? ';' : ','))
        {
            var part = value[range];
            AddPiece(isCookie ? part[(part.IndexOf('=') + 1)..] : part);
            if (isSetCookie)
            {
                return;
            }
        }
    }
}
