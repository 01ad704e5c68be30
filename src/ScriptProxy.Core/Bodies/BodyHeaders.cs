using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ScriptProxy.Core.Bodies;

/// <summary>How a body comes in and goes out, in the order the codings were applied.</summary>
/// <param name="Incoming">To be undone before the filters see the body.</param>
/// <param name="Outgoing">To be applied to what the filters made.</param>
/// <param name="HasBody">False where the message never has one: HEAD, 1xx, 204, 205, 304.</param>
internal readonly record struct BodyCodings(IReadOnlyList<ContentCoding> Incoming, IReadOnlyList<ContentCoding> Outgoing, bool HasBody);

/// <summary>Makes the headers true for a body that filters change.</summary>
internal static class BodyHeaders
{
    /// <summary>Headers that speak of the bytes as they were.</summary>
    private static readonly string[] Digests = ["Content-MD5", "Digest", "Repr-Digest", "Content-Digest"];

    /// <summary>Headers that speak of one body, and say nothing true of another in its place.</summary>
    internal static IReadOnlyList<string> OfTheBody { get; } =
    [
        .. Digests, HeaderNames.ContentLength, HeaderNames.ContentEncoding, HeaderNames.ContentLanguage, HeaderNames.ContentRange, HeaderNames.ContentDisposition,
        HeaderNames.AcceptRanges, HeaderNames.ETag, HeaderNames.LastModified,
    ];

    /// <summary>Adjusts the head of an answer, a HEAD or 304 answer like the one it stands for. Called before anything is sent.</summary>
    /// <exception cref="BodyNotFilterableException">The coding is unknown, or this is a part (206) of a body.</exception>
    internal static BodyCodings AdjustResponse(HttpRequest request, HttpResponse response)
    {
        var headers = response.Headers;
        var status = response.StatusCode;
        var hasBody = !HttpMethods.IsHead(request.Method) && status is >= 200 and not (204 or 205 or 304);
        IReadOnlyList<ContentCoding> incoming = [];
        IReadOnlyList<ContentCoding> outgoing = [];

        // A 304 says nothing of a coding, and what there is not cannot fail.
        if (hasBody || HttpMethods.IsHead(request.Method))
        {
            if (status == StatusCodes.Status206PartialContent)
                throw new BodyNotFilterableException("A body filter cannot work on a part of a body (206), and the peer sent one.");
            incoming = ContentCodings.Parse(headers.ContentEncoding);
        }

        if (incoming.Count > 0)
        {
            Vary(headers);
            if (ContentCodings.Accepts(request.Headers.AcceptEncoding, incoming))
                outgoing = incoming;
            else
                headers.Remove(HeaderNames.ContentEncoding);
        }

        headers.ContentLength = null;
        headers.Remove(HeaderNames.AcceptRanges);
        RemoveDigests(headers);
        if (headers.ETag is [{ } tag] && tag.StartsWith('"'))
            headers.ETag = "W/" + tag;
        return new BodyCodings(incoming, outgoing, hasBody);
    }

    /// <summary>
    /// Adjusts a request whose answer will be filtered: the peer must answer with the whole body, in codings that filters
    /// can read. If-None-Match stays: it compares weakly, so the weak tags that clients got still match.
    /// </summary>
    internal static void AdjustRequest(IHeaderDictionary headers)
    {
        headers.Remove(HeaderNames.Range);
        headers.Remove(HeaderNames.IfRange);
        headers.AcceptEncoding = ContentCodings.Limit(headers.AcceptEncoding);
    }

    /// <inheritdoc cref="AdjustRequest(IHeaderDictionary)"/>
    internal static void AdjustRequest(HttpRequestHeaders headers)
    {
        headers.Remove(HeaderNames.Range);
        headers.Remove(HeaderNames.IfRange);
        var accepted = headers.NonValidated.TryGetValues(HeaderNames.AcceptEncoding, out var values) ? values.ToArray() : [];
        headers.Remove(HeaderNames.AcceptEncoding);
        headers.TryAddWithoutValidation(HeaderNames.AcceptEncoding, ContentCodings.Limit(accepted));
    }

    /// <summary>Adjusts the head of a request whose own body will be filtered. The codings stay: the peer gets those the client chose.</summary>
    /// <exception cref="BodyNotFilterableException">The coding is unknown, or this is a part (Content-Range) of a body: answer 415.</exception>
    internal static BodyCodings AdjustRequestBody(HttpRequest request)
    {
        var headers = request.Headers;
        if (headers.ContainsKey(HeaderNames.ContentRange))
            throw new BodyNotFilterableException("A body filter cannot work on a part of a body, and the request sends one (Content-Range).");
        var codings = ContentCodings.Parse(headers.ContentEncoding);
        if (headers.ContentLength is not null)
        {
            headers.ContentLength = null;

            // Without a length it is this header that says that an HTTP/1.1 request has a body.
            if (HttpProtocol.IsHttp11(request.Protocol))
                headers.TransferEncoding = "chunked";
        }

        RemoveDigests(headers);
        return new BodyCodings(codings, codings, HasBody: true);
    }

    private static void RemoveDigests(IHeaderDictionary headers)
    {
        foreach (var name in Digests)
            headers.Remove(name);
    }

    private static void Vary(IHeaderDictionary headers)
    {
        foreach (var line in headers.Vary)
        {
            foreach (var name in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (name == "*" || name.Equals(HeaderNames.AcceptEncoding, StringComparison.OrdinalIgnoreCase))
                    return;
            }
        }

        headers.Vary = StringValues.Concat(headers.Vary, HeaderNames.AcceptEncoding);
    }
}
