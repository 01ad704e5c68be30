using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>Answers with what the origin has just said, while it still speaks.</summary>
internal static class FetchedAnswer
{
    /// <summary>To one client alone: its reading is the origin's pace.</summary>
    internal static async ValueTask SendAsync(CacheContext context, Flight flight, RouteRules rules, Forwarded forward)
    {
        await using var fetch = flight.Fetch;
        var notModified = Begin(context, flight, rules, forward, fetch.StatusCode, fetch.Headers);
        await context.BeginAnswerAsync();
        if (notModified || Statuses.HasNoBody(fetch.StatusCode) || HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        await fetch.Body.CopyToAsync(context.Response.Body, context.Aborted);
    }

    /// <summary>To one of several: each reads what has come so far at its own pace.</summary>
    internal static async ValueTask ShareAsync(CacheContext context, Flight flight, RouteRules rules, Forwarded forward)
    {
        var head = flight.Stored!;
        IHeaderDictionary headers = new HeaderDictionary();
        if (forward.Leads)
        {
            headers = Copy(flight.Fetch.Headers);
        }
        else
        {
            foreach (var (name, values) in head.Headers)
            {
                headers[name] = values;
            }

            headers.Age = ((long)head.Age(context.Time.GetUtcNow()).TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        headers.ContentLength = flight.Length;
        var body = flight.Body;
        var notModified = Begin(context, flight, rules, forward, head.StatusCode, headers);
        await context.BeginAnswerAsync();
        if (notModified || Statuses.HasNoBody(head.StatusCode))
        {
            return;
        }

        var at = 0L;
        ReadOnlyMemory<byte> piece;
        while (!(piece = await body.ReadAsync(context, at, context.Aborted)).IsEmpty)
        {
            await context.Response.Body.WriteAsync(piece, context.Aborted);
            at += piece.Length;
        }
    }

    /// <returns>The client has it already: 304.</returns>
    private static bool Begin(CacheContext context, Flight flight, RouteRules rules, Forwarded forward, int status, IHeaderDictionary headers)
    {
        var request = context.Request.Headers;
        var notModified = status == StatusCodes.Status200OK && HeaderFields.HasCondition(request)
            && Validation.IsNotModified(request, headers.ETag, headers.LastModified, headers.Date, context.Time.GetUtcNow());
        context.Outcome = CacheOutcome.Miss;
        context.Reason = flight.Reason;
        var response = context.Response;
        response.StatusCode = notModified ? StatusCodes.Status304NotModified : status;
        foreach (var (name, values) in headers)
        {
            if (!notModified || (!HeaderFields.IsOfBody(name) && !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)))
            {
                response.Headers[name] = values;
            }
        }

        if (rules.SendStatus)
        {
            CacheStatusField.Append(response.Headers, CacheStatusField.Forward(forward.Why, flight.OriginStatus, flight.IsStored, !forward.Leads, flight.Reason));
        }

        return notModified;
    }

    private static HeaderDictionary Copy(IHeaderDictionary headers)
    {
        var copy = new HeaderDictionary(headers.Count);
        foreach (var (name, values) in headers)
        {
            copy[name] = values;
        }

        return copy;
    }
}
