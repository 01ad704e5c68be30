using System.Buffers;
using System.Collections;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Core.Forwarding;

/// <summary>The header of a request to a peer, in the order it goes out but for Host, which is first. Used again and again.</summary>
internal sealed class OutgoingHead : IHeaderDictionary
{
    // What YARP keeps back on the other ways to a peer, so that it is the same on all of them.
    private static readonly FrozenSet<string> OfOneHop = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Transfer-Encoding", "Keep-Alive", "Upgrade", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authentication-Info",
        "Proxy-Authorization", "Proxy-Features", "Proxy-Instruction", "Security-Scheme", "ALPN", "Close", "HTTP2-Settings", "Upgrade-Insecure-Requests", "TE", "Alt-Svc");

    // What says how a message is framed, routed, allowed or read comes before its body or not at all (RFC 9110, 6.5.1).
    private static readonly FrozenSet<string> BeforeTheBody = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Trailer", "Authorization", "Cookie", "Set-Cookie", "Cache-Control", "Expect",
        "Max-Forwards", "Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range");

    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> LineBreaks = SearchValues.Create("\r\n\0");

    private KeyValuePair<string, StringValues>[] _fields = new KeyValuePair<string, StringValues>[24];
    private int _count;

    public int Count => _count;

    public bool IsReadOnly => false;

    public ICollection<string> Keys => [.. this.Select(h => h.Key)];

    public ICollection<StringValues> Values => [.. this.Select(h => h.Value)];

    public StringValues this[string key]
    {
        get => TryGetValue(key, out var value) ? value : StringValues.Empty;
        set
        {
            if (value.Count == 0)
            {
                Remove(key);
            }
            else if (!IsFraming(key))
            {
                Put(key, value);
            }
        }
    }

    public long? ContentLength
    {
        get => long.TryParse(this["Content-Length"], out var length) ? length : null;
        set
        {
            if (value is null)
            {
                Remove("Content-Length");
            }
        }
    }

    /// <summary>Takes over what a client sent, but for what speaks of its own connection.</summary>
    internal void CopyFrom(IHeaderDictionary headers)
    {
        Array.Clear(_fields, 0, _count);
        _count = 0;
        foreach (var field in headers)
        {
            if (field.Value.Count > 0 && !IsOfOneHop(field.Key) && !field.Key.StartsWith(':') && !BreaksLine(field.Value))
            {
                Append(field);
            }
        }
    }

    /// <summary>It speaks of one connection, or names what the gateway alone decides.</summary>
    internal static bool IsOfOneHop(string name) => OfOneHop.Contains(name);

    /// <summary>Past what handlers may not change.</summary>
    internal void SetLength(long length) => Put("Content-Length", length.ToString());

    /// <summary>Writes request line and header, with the empty line at the end.</summary>
    /// <exception cref="ArgumentException">The method or the target, which a handler has given, would be more than one word.</exception>
    internal void Write(PooledBuffer into, string method, string host, string basePath, string target, bool chunked, bool wantsTrailers)
    {
        if (method.Length == 0 || method.AsSpan().ContainsAnyExcept(Token))
        {
            throw new ArgumentException($"'{method}' is no method", nameof(method));
        }

        if (target.AsSpan().ContainsAnyInRange('\0', ' '))
        {
            throw new ArgumentException($"'{target}' is no target of a request", nameof(target));
        }

        Put(into, method);
        Put(into, " ");
        Put(into, basePath);
        Put(into, target);
        Put(into, " HTTP/1.1\r\nHost: ");
        Put(into, host);
        Put(into, "\r\n");
        foreach (ref readonly var field in _fields.AsSpan(0, _count))
        {
            if (field.Key.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            Put(into, field.Key);
            Put(into, ": ");
            Put(into, OneLine(field), EntityTags.AreIn(field.Key) ? Encoding.Latin1 : Encoding.UTF8);
            Put(into, "\r\n");
        }

        into.Append(wantsTrailers ? "TE: trailers\r\nConnection: TE\r\n"u8 : []);
        into.Append(chunked ? "Transfer-Encoding: chunked\r\n\r\n"u8 : "\r\n"u8);
    }

    /// <summary>It may come behind the body.</summary>
    internal static bool MayTrail(string name) => !IsOfOneHop(name) && !BeforeTheBody.Contains(name);

    /// <summary>The trailers of a request behind its last chunk.</summary>
    internal static void WriteTrailers(PooledBuffer into, IHeaderDictionary trailers)
    {
        foreach (var (name, values) in trailers)
        {
            if (!MayTrail(name) || BreaksLine(values))
            {
                continue;
            }

            foreach (var value in values)
            {
                Put(into, $"{name}: {value}\r\n");
            }
        }
    }

    public void Add(string key, StringValues value)
    {
        if (IsFraming(key))
        {
            return;
        }

        if (ContainsKey(key))
        {
            throw new ArgumentException($"the header {key} is there already", nameof(key));
        }

        Put(key, value);
    }

    public void Add(KeyValuePair<string, StringValues> item) => Add(item.Key, item.Value);

    public void Clear()
    {
        var kept = 0;
        for (var i = 0; i < _count; i++)
        {
            if (IsFraming(_fields[i].Key))
            {
                _fields[kept++] = _fields[i];
            }
        }

        Array.Clear(_fields, kept, _count - kept);
        _count = kept;
    }

    public bool Contains(KeyValuePair<string, StringValues> item) => TryGetValue(item.Key, out var value) && value == item.Value;

    public bool ContainsKey(string key) => Find(key) >= 0;

    public void CopyTo(KeyValuePair<string, StringValues>[] array, int arrayIndex) => Array.Copy(_fields, 0, array, arrayIndex, _count);

    public bool Remove(string key)
    {
        var at = Find(key);
        if (at < 0)
        {
            return false;
        }

        _count--;
        Array.Copy(_fields, at + 1, _fields, at, _count - at);
        _fields[_count] = default;
        return true;
    }

    public bool Remove(KeyValuePair<string, StringValues> item) => Contains(item) && Remove(item.Key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out StringValues value)
    {
        var at = Find(key);
        value = at < 0 ? default : _fields[at].Value;
        return at >= 0;
    }

    public IEnumerator<KeyValuePair<string, StringValues>> GetEnumerator() => _fields.Take(_count).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>What says where the body ends follows from the body: a handler that copies another message's headers must not break this one.</summary>
    private static bool IsFraming(string key) =>
        key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) || key.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase);

    private static bool BreaksLine(StringValues values)
    {
        foreach (var value in values)
        {
            if (value.AsSpan().ContainsAny(LineBreaks))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Several lines are one list (RFC 9110, 5.3); but HTTP/2 clients cut cookies into lines, and in 1.1 they are one (RFC 9113, 8.2.3).</summary>
    private static string OneLine(in KeyValuePair<string, StringValues> field) => field.Value.Count == 1
        ? field.Value[0] ?? ""
        : string.Join(field.Key.Equals("Cookie", StringComparison.OrdinalIgnoreCase) ? "; " : ", ", field.Value.AsEnumerable());

    // As clients' headers are read: names are ASCII.
    private static void Put(PooledBuffer into, string text) => Put(into, text, Encoding.UTF8);

    private static void Put(PooledBuffer into, string text, Encoding encoding) =>
        into.Advance(encoding.GetBytes(text, into.GetSpan(encoding.GetMaxByteCount(text.Length))));

    /// <exception cref="ArgumentException">The name is none, or the value would break out of its line (RFC 9110, 5.5).</exception>
    private void Put(string key, StringValues value)
    {
        if (key.Length == 0 || key.AsSpan().ContainsAnyExcept(Token))
        {
            throw new ArgumentException($"'{key}' is no name of a header", nameof(key));
        }

        if (BreaksLine(value))
        {
            throw new ArgumentException($"the header {key} must not hold line breaks or zeros", nameof(value));
        }

        var at = Find(key);
        if (at >= 0)
        {
            _fields[at] = KeyValuePair.Create(_fields[at].Key, value);
        }
        else
        {
            Append(KeyValuePair.Create(key, value));
        }
    }

    private void Append(KeyValuePair<string, StringValues> field)
    {
        if (_count == _fields.Length)
        {
            Array.Resize(ref _fields, 2 * _count);
        }

        _fields[_count++] = field;
    }

    private int Find(string key)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_fields[i].Key.Equals(key, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}
