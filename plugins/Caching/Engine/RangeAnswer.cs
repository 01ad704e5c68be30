using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>Parts of a stored body (RFC 9110, 15.3.7).</summary>
internal static class RangeAnswer
{
    /// <remarks>No body of ours holds it by chance: it is different in every answer.</remarks>
    private const string Boundary = "scriptproxy-";

    internal static async ValueTask SendAsync(CacheContext context, StoredResponse stored, IReadOnlyList<ByteRange> ranges)
    {
        var response = context.Response;
        var length = stored.Body.Length;
        switch (ranges.Count)
        {
            case 0:
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                response.Headers.ContentRange = $"bytes */{Text(length)}";
                response.Headers.Remove("Content-Encoding");
                response.Headers.Remove("Content-Type");
                response.ContentLength = 0;
                await context.BeginAnswerAsync();
                return;
            case 1:
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = ContentRange(ranges[0], length);
                response.ContentLength = ranges[0].Count;
                await context.BeginAnswerAsync();
                await context.WriteAsync(stored.Body, ranges[0].First, ranges[0].Count);
                return;
            default:
                await SendSeveralAsync(context, stored, ranges);
                return;
        }
    }

    private static async ValueTask SendSeveralAsync(CacheContext context, StoredResponse stored, IReadOnlyList<ByteRange> ranges)
    {
        var response = context.Response;
        var boundary = Boundary + Guid.NewGuid().ToString("N");
        var type = stored.Header("Content-Type");
        var heads = ranges
            .Select((range, i) => Encoding.Latin1.GetBytes(
                $"{(i == 0 ? "" : "\r\n")}--{boundary}\r\n{(type.Count > 0 ? $"Content-Type: {type}\r\n" : "")}Content-Range: {ContentRange(range, stored.Body.Length)}\r\n\r\n"))
            .ToList();
        var end = Encoding.Latin1.GetBytes($"\r\n--{boundary}--\r\n");
        response.StatusCode = StatusCodes.Status206PartialContent;
        response.ContentType = $"multipart/byteranges; boundary={boundary}";
        response.ContentLength = heads.Sum(h => (long)h.Length) + ranges.Sum(r => r.Count) + end.Length;
        await context.BeginAnswerAsync();
        for (var i = 0; i < ranges.Count; i++)
        {
            await response.BodyWriter.WriteAsync(heads[i], context.Aborted);
            await context.WriteAsync(stored.Body, ranges[i].First, ranges[i].Count);
        }

        await response.BodyWriter.WriteAsync(end, context.Aborted);
    }

    private static string ContentRange(ByteRange range, long length) => $"bytes {Text(range.First)}-{Text(range.First + range.Count - 1)}/{Text(length)}";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
