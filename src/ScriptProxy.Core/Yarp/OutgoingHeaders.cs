using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Yarp;

/// <summary>The headers of a request to a peer, in ASP.NET's shape. Body headers and others are one list here, as on the wire.</summary>
internal sealed class OutgoingHeaders : IHeaderDictionary
{
    private HttpRequestMessage _request = null!;

    internal void Attach(HttpRequestMessage request) => _request = request;

    public StringValues this[string key]
    {
        get => TryGetValue(key, out var value) ? value : StringValues.Empty;
        set
        {
            if (value.Count > 0 && IsFraming(key))
            {
                return;
            }

            Remove(key);
            if (value.Count > 0)
            {
                Put(key, value);
            }
        }
    }

    public long? ContentLength
    {
        get => _request.Content?.Headers.ContentLength;
        set
        {
            if (value is null)
            {
                Remove("Content-Length");
            }
        }
    }

    public ICollection<string> Keys => [.. this.Select(h => h.Key)];

    public ICollection<StringValues> Values => [.. this.Select(h => h.Value)];

    public int Count => _request.Headers.NonValidated.Count + (_request.Content?.Headers.NonValidated.Count ?? 0);

    public bool IsReadOnly => false;

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
        var framing = this.Where(h => IsFraming(h.Key)).ToList();
        _request.Headers.Clear();
        _request.Content?.Headers.Clear();
        framing.ForEach(h => Put(h.Key, h.Value));
    }

    public bool Contains(KeyValuePair<string, StringValues> item) => TryGetValue(item.Key, out var value) && value == item.Value;

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    // By hand: the framework's own ways to copy a collection come back here.
    public void CopyTo(KeyValuePair<string, StringValues>[] array, int arrayIndex)
    {
        foreach (var header in this)
        {
            array[arrayIndex++] = header;
        }
    }

    // Each of the two lists throws at a name that belongs to the other.
    public bool Remove(string key) =>
        (_request.Headers.NonValidated.Contains(key) && _request.Headers.Remove(key))
        || (_request.Content is { } content && content.Headers.NonValidated.Contains(key) && content.Headers.Remove(key));

    public bool Remove(KeyValuePair<string, StringValues> item) => Contains(item) && Remove(item.Key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out StringValues value)
    {
        if (_request.Headers.NonValidated.TryGetValues(key, out var found)
            || (_request.Content is { } content && content.Headers.NonValidated.TryGetValues(key, out found)))
        {
            value = found.Count == 1 ? found.ToString() : found.ToArray();
            return true;
        }

        value = default;
        return false;
    }

    public IEnumerator<KeyValuePair<string, StringValues>> GetEnumerator()
    {
        foreach (var (name, values) in _request.Headers.NonValidated)
        {
            yield return KeyValuePair.Create(name, new StringValues([.. values]));
        }

        if (_request.Content is { } content)
        {
            foreach (var (name, values) in content.Headers.NonValidated)
            {
                yield return KeyValuePair.Create(name, new StringValues([.. values]));
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>What says where the body ends follows from the body: a handler that copies another message's headers must not break this one.</summary>
    private static bool IsFraming(string key) =>
        key.Equals("Content-Length", StringComparison.OrdinalIgnoreCase) || key.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="ArgumentException">The value would break out of its line.</exception>
    private void Put(string key, StringValues value)
    {
        // The connections write what they are given: what a handler takes from a query would become headers of its own (RFC 9110, 5.5).
        foreach (var text in value)
        {
            if (text.AsSpan().ContainsAny('\r', '\n', '\0'))
            {
                throw new ArgumentException($"the header {key} must not hold line breaks or zeros", nameof(value));
            }
        }

        // A name of a body header is refused by the first list.
        if (!_request.Headers.TryAddWithoutValidation(key, (IEnumerable<string?>)value)
            && _request.Content is { } content)
        {
            content.Headers.TryAddWithoutValidation(key, (IEnumerable<string?>)value);
        }
    }
}
