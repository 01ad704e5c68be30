using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ScriptProxy.Core.Files;

/// <summary>Answers a GET or HEAD with one open file: validators, preconditions, a byte range, the bytes.</summary>
internal static class FileResponse
{
    private const int PieceSize = 64 * 1024;

    /// <summary>
    /// Sends <paramref name="file"/>. Headers that the caller has set (Content-Encoding, Vary, Cache-Control) stay; the first is taken back
    /// where the answer is without content.
    /// </summary>
    /// <exception cref="IOException">The file became shorter than it was at first; the answer must not look complete.</exception>
    public static Task SendAsync(HttpContext context, OpenFile file, string contentType)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = file.ETag.ToString();
        response.Headers.LastModified = HeaderUtilities.FormatDate(file.LastModified);
        response.Headers.AcceptRanges = "bytes";

        switch (Preconditions.Evaluate(context.Request.Headers, file.ETag, file.LastModified))
        {
            case PreconditionOutcome.NotModified:
                return WithoutContent(response, StatusCodes.Status304NotModified);
            case PreconditionOutcome.Failed:
                return WithoutContent(response, StatusCodes.Status412PreconditionFailed);
        }

        bool isGet = HttpMethods.IsGet(context.Request.Method);
        ByteRange range = isGet ? ByteRange.Select(context.Request.Headers, file) : ByteRange.Whole(file.Length);
        if (range.IsUnsatisfiable)
        {
            response.Headers.ContentRange = new ContentRangeHeaderValue(file.Length).ToString();
            return WithoutContent(response, StatusCodes.Status416RangeNotSatisfiable);
        }

        response.StatusCode = StatusCodes.Status200OK;
        if (range.IsPart)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = new ContentRangeHeaderValue(range.Offset, range.Offset + range.Count - 1, file.Length).ToString();
        }

        response.ContentType = contentType;
        response.ContentLength = range.Count;
        return isGet ? CopyAsync(context, file, range.Offset, range.Count) : Task.CompletedTask;
    }

    private static Task WithoutContent(HttpResponse response, int status)
    {
        response.StatusCode = status;
        response.Headers.Remove(HeaderNames.ContentEncoding);
        if (status != StatusCodes.Status304NotModified)
            response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static async Task CopyAsync(HttpContext context, OpenFile file, long offset, long count)
    {
        CancellationToken aborted = context.RequestAborted;
        PipeWriter writer = context.Response.BodyWriter;
        try
        {
            while (count > 0)
            {
                // Read straight into the server's own buffers; the flush waits for the client, so memory stays flat.
                int wanted = (int)Math.Min(count, PieceSize);
                int read = await RandomAccess.ReadAsync(file.Handle, writer.GetMemory(wanted)[..wanted], offset, aborted);
                if (read == 0)
                    throw new IOException($"The file became shorter while it was sent: {file.Path}");

                writer.Advance(read);
                offset += read;
                count -= read;
                FlushResult flushed = await writer.FlushAsync(aborted);
                if (flushed.IsCompleted || flushed.IsCanceled)
                    return;
            }
        }
        catch (OperationCanceledException) when (aborted.IsCancellationRequested)
        {
            // The client has left; there is no one to tell.
        }
    }
}
