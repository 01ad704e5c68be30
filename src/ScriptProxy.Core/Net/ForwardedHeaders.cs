using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Net;

/// <summary>What becomes of one forwarded header on the way to an upstream.</summary>
internal enum ForwardedAction
{
    /// <summary>One entry: the client, as far as it is known. What the request had is dropped.</summary>
    Set,

    /// <summary>An entry for the peer after those that the request had.</summary>
    Append,

    /// <summary>The upstream gets no such header.</summary>
    Remove,

    /// <summary>What the request had goes on as it is.</summary>
    None,
}

/// <summary>An upstream's choices.</summary>
internal sealed record ForwardedHeadersOptions
{
    public ForwardedAction For { get; init; } = ForwardedAction.Set;

    public ForwardedAction Proto { get; init; } = ForwardedAction.Set;

    public ForwardedAction Host { get; init; } = ForwardedAction.Set;

    /// <summary>RFC 7239. Removed by default: an upstream that believes it must not read what a client made up.</summary>
    public ForwardedAction Forwarded { get; init; } = ForwardedAction.Remove;

    /// <summary>RFC 9110 section 7.6.3. Left alone by default: nginx and others do not compress answers to requests that have it.</summary>
    public ForwardedAction Via { get; init; } = ForwardedAction.None;

    /// <summary>The gateway's name in Via.</summary>
    public string ViaName { get; init; } = "scriptproxy";
}

/// <summary>One who sent the request on.</summary>
/// <param name="Address">As it is written; null for a Unix socket.</param>
/// <param name="Scheme">http or https.</param>
/// <param name="Host">As in the Host header; empty where there was none.</param>
internal readonly record struct ForwardedHop(string? Address, string Scheme, string Host)
{
    internal static string? Write(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}

/// <summary>Writes X-Forwarded-For, -Proto, -Host, Forwarded and Via.</summary>
internal static class ForwardedHeaders
{
    private const string Unknown = "unknown";

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private interface IHeaders
    {
        string? Get(string name);

        void Set(string name, string value);

        void Remove(string name);
    }

    /// <param name="headers">Of the request that goes out, with what came in already copied into it.</param>
    /// <param name="options">The upstream's choices.</param>
    /// <param name="peer">Who is connected; the entry of <see cref="ForwardedAction.Append"/>.</param>
    /// <param name="client">Who is believed to have asked; the entry of <see cref="ForwardedAction.Set"/>.</param>
    /// <param name="protocol">Of the request that came in: <c>HTTP/1.1</c>.</param>
    public static void Apply(IHeaderDictionary headers, ForwardedHeadersOptions options, in ForwardedHop peer, in ForwardedHop client, string protocol)
        => Apply(new IncomingHeaders(headers), options, peer, client, protocol);

    /// <inheritdoc cref="Apply(IHeaderDictionary, ForwardedHeadersOptions, in ForwardedHop, in ForwardedHop, string)"/>
    public static void Apply(HttpRequestHeaders headers, ForwardedHeadersOptions options, in ForwardedHop peer, in ForwardedHop client, string protocol)
        => Apply(new OutgoingHeaders(headers), options, peer, client, protocol);

    private static void Apply<T>(T headers, ForwardedHeadersOptions options, in ForwardedHop peer, in ForwardedHop client, string protocol)
        where T : struct, IHeaders
    {
        Write(headers, "X-Forwarded-For", options.For, peer, client, static hop => hop.Address ?? Unknown);
        Write(headers, "X-Forwarded-Proto", options.Proto, peer, client, static hop => hop.Scheme);
        Write(headers, "X-Forwarded-Host", options.Host, peer, client, static hop => hop.Host);
        Write(headers, "Forwarded", options.Forwarded, peer, client, Element);
        if (options.Via != ForwardedAction.None)
        {
            string via = options.Via == ForwardedAction.Remove ? "" : $"{protocol[(protocol.IndexOf('/', StringComparison.Ordinal) + 1)..]} {options.ViaName}";
            Write(headers, "Via", options.Via, peer, client, _ => via);
        }
    }

    private static void Write<T>(T headers, string name, ForwardedAction action, in ForwardedHop peer, in ForwardedHop client, Func<ForwardedHop, string> entry)
        where T : struct, IHeaders
    {
        if (action == ForwardedAction.None)
            return;

        string value = action switch
        {
            ForwardedAction.Set => entry(client),
            ForwardedAction.Append => entry(peer),
            _ => "",
        };
        if (action == ForwardedAction.Append && headers.Get(name) is { Length: > 0 } before)
            value = value.Length == 0 ? before : $"{before}, {value}";

        if (value.Length == 0)
            headers.Remove(name);
        else
            headers.Set(name, value);
    }

    private static string Element(ForwardedHop hop)
    {
        string address = hop.Address ?? Unknown;
        string node = address.Contains(':', StringComparison.Ordinal) ? $"\"[{address}]\"" : address;
        string host = hop.Host.Length == 0 ? "" : ";host=" + Quote(hop.Host);
        return $"for={node};proto={hop.Scheme}{host}";
    }

    private static string Quote(string value) => value.AsSpan().ContainsAnyExcept(TokenCharacters)
        ? "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\""
        : value;

    private readonly struct IncomingHeaders(IHeaderDictionary headers) : IHeaders
    {
        public string? Get(string name) => headers.TryGetValue(name, out StringValues values) ? string.Join(", ", values.AsEnumerable()) : null;

        public void Set(string name, string value) => headers[name] = value;

        public void Remove(string name) => headers.Remove(name);
    }

    private readonly struct OutgoingHeaders(HttpRequestHeaders headers) : IHeaders
    {
        public string? Get(string name) => headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? string.Join(", ", values) : null;

        public void Set(string name, string value)
        {
            headers.Remove(name);
            headers.TryAddWithoutValidation(name, value);
        }

        public void Remove(string name) => headers.Remove(name);
    }
}
