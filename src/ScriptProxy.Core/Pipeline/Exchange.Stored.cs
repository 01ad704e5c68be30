using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Core.Pipeline;

/// <content>Stored bodies on their way to the client.</content>
internal sealed partial class Exchange
{
    /// <summary>So much is given to the socket at once.</summary>
    private const int AtOnce = 512 * 1024;

    internal override ValueTask WriteAsync(StoredBody body, long first, long count) =>
        count > StoredBody.Small && body.Segments.Count > 0 && !_tapped && HttpProtocol.IsHttp11(Http.Request.Protocol) && Http.Features.Get<DirectOutput>() is { } output
            ? LendAsync(output, body, first, count)
            : body.WriteAsync(Http.Response.BodyWriter, first, count, Http.RequestAborted);

    private async ValueTask LendAsync(DirectOutput output, StoredBody body, long first, long count)
    {
        var stop = Http.RequestAborted;
        if (!Http.Response.HasStarted)
        {
            await Http.Response.StartAsync(stop);
        }

        var writer = Http.Response.BodyWriter;
        var (at, given) = (0L, 0);
        foreach (var segment in body.Segments)
        {
            var skipped = Math.Clamp(first - at, 0, segment.Length);
            at += segment.Length;
            var piece = segment[(int)skipped..];
            piece = piece[..(int)Math.Min(piece.Length, count)];
            if (piece.IsEmpty)
            {
                continue;
            }

            if (!output.TryLend(writer, piece))
            {
                await body.WriteAsync(writer, first, count, stop);
                return;
            }

            first += piece.Length;
            count -= piece.Length;
            given += piece.Length;
            if (given >= AtOnce || count == 0)
            {
                // Also the last of it: Kestrel's own flush at the end does not see what was written this way.
                await writer.FlushAsync(stop);
                given = 0;
            }
        }
    }
}
