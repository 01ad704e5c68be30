using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using ScriptProxy.Core.Files;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Writes the answers that verdicts stand for.</summary>
internal static class Answers
{
    private const int NginxNoAnswer = 444;
    private const string PlainText = "text/plain; charset=utf-8";

    internal static Verdict NotFound { get; } = Verdict.Respond(StatusCodes.Status404NotFound, Reason(StatusCodes.Status404NotFound), contentType: null);

    /// <summary>What the gateway says by itself: status, reason, and nothing of what lies behind it.</summary>
    internal static string Reason(int status) => $"{status} {ReasonPhrases.GetReasonPhrase(status)}".TrimEnd() + "\n";

    /// <summary>Whatever was to be sent (RFC 9110, 6.4.1; 205: 15.3.6).</summary>
    internal static bool HasNoBody(int status) =>
        status is StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified;

    /// <summary>For Log alone, where the client gets no status: nginx's 444 of a dropped request, 499 of a client that left.</summary>
    internal static void TellStatus(Exchange exchange, int status)
    {
        if (!exchange.Http.Response.HasStarted)
        {
            exchange.Http.Response.StatusCode = status;
        }
    }

    internal static ValueTask WriteAsync(Exchange exchange, Verdict verdict)
    {
        switch (verdict.What)
        {
            case Verdict.Kind.Drop:
                TellStatus(exchange, NginxNoAnswer);
                exchange.Http.Abort();
                return default;
            case Verdict.Kind.File:
                return FileAsync(exchange, verdict);
            default:
                var response = exchange.Http.Response;
                if (response.HasStarted)
                {
                    throw new GatewayFailedException($"the verdict {verdict} came after the answer was begun");
                }

                response.StatusCode = verdict.Status;
                if (verdict.What == Verdict.Kind.Redirect)
                {
                    response.Headers.Location = RequestTarget.EncodeUrl((string)verdict.Payload!);
                    return exchange.BeginAnswerAsync();
                }

                return BodyAsync(exchange, response, verdict);
        }
    }

    private static ValueTask BodyAsync(Exchange exchange, HttpResponse response, Verdict verdict)
    {
        // 204 and 304 have no body, whatever the script said (RFC 9110, 6.4.1).
        var none = verdict.Payload is null || verdict.Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified;
        if (none)
        {
            if (verdict.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified))
            {
                response.ContentLength = 0;
            }

            return exchange.BeginAnswerAsync();
        }

        response.ContentType = verdict.ContentType ?? response.ContentType ?? PlainText;
        response.ContentLength = verdict.Payload is string measured ? Encoding.UTF8.GetByteCount(measured) : ((byte[])verdict.Payload!).Length;
        var begun = exchange.BeginAnswerAsync();
        return begun.IsCompletedSuccessfully ? SendAsync(exchange, verdict) : AwaitAsync(begun, exchange, verdict);

        static async ValueTask AwaitAsync(ValueTask begun, Exchange exchange, Verdict verdict)
        {
            await begun;
            await SendAsync(exchange, verdict);
        }
    }

    private static ValueTask SendAsync(Exchange exchange, Verdict verdict)
    {
        var response = exchange.Http.Response;
        if (HasNoBody(response.StatusCode))
        {
            // A header filter made it so.
            response.ContentLength = null;
            return default;
        }

        if (HttpMethods.IsHead(exchange.Http.Request.Method))
        {
            return default;
        }

        if (verdict.Payload is byte[] bytes)
        {
            return response.Body.WriteAsync(bytes, exchange.Http.RequestAborted);
        }

        var text = (string)verdict.Payload!;
        var writer = response.BodyWriter;
        if (text.Length > 64 * 1024)
        {
            // In pieces, so that a long text neither needs one huge buffer nor outruns the client.
            return LongTextAsync(exchange, text);
        }

        var room = writer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        writer.Advance(Encoding.UTF8.GetBytes(text, room));

        // Not flushed: it is whole, and a filter that fails on it can still be answered for.
        return default;
    }

    private static async ValueTask LongTextAsync(Exchange exchange, string text)
    {
        var writer = exchange.Http.Response.BodyWriter;
        var encoder = Encoding.UTF8.GetEncoder();
        for (var at = 0; at < text.Length;)
        {
            encoder.Convert(text.AsSpan(at), writer.GetSpan(16 * 1024), flush: true, out var used, out var made, out _);
            at += used;
            writer.Advance(made);
            await writer.FlushAsync(exchange.Http.RequestAborted);
        }
    }

    private static async ValueTask FileAsync(Exchange exchange, Verdict verdict)
    {
        var path = Path.GetFullPath((string)verdict.Payload!, exchange.Snapshot.BaseFolder);
        using var file = OpenFile.TryOpen(path);
        if (file is null)
        {
            await WriteAsync(exchange, NotFound);
            return;
        }

        exchange.PrepareFile();
        await FileResponse.SendAsync(exchange.Http, file, verdict.ContentType ?? ContentTypes.Of(path));
    }
}
