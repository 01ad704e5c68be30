using System.Globalization;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>Answers from what is stored (RFC 9111, 4): the whole, parts of it, or that nothing has changed.</summary>
internal static class StoredAnswer
{
    internal static ValueTask SendAsync(CacheContext context, StoredResponse stored, RouteRules rules, CacheOutcome outcome, string reason, string status)
    {
        context.Outcome = outcome;
        context.Reason = reason;
        var now = context.Time.GetUtcNow();
        var request = context.Request.Headers;
        var notModified = stored.StatusCode == StatusCodes.Status200OK && HeaderFields.HasCondition(request)
            && Validation.IsNotModified(request, stored.Header("ETag"), stored.Header("Last-Modified"), stored.Header("Date"), now);
        PutHeaders(context, stored, notModified, now);
        if (rules.SendStatus)
        {
            CacheStatusField.Append(context.Response.Headers, status);
        }

        if (notModified)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return context.BeginAnswerAsync();
        }

        if (request.Range.Count > 0 && stored.StatusCode == StatusCodes.Status200OK && HttpMethods.IsGet(context.Request.Method)
            && Validation.MaySendRange(request.IfRange, stored.Header("ETag"), stored.Header("Last-Modified"), stored.Header("Date"), now)
            && ByteRanges.Read(request.Range, stored.Body.Length) is { } ranges)
        {
            return RangeAnswer.SendAsync(context, stored, ranges);
        }

        if (!Statuses.HasNoBody(stored.StatusCode))
        {
            context.Response.ContentLength = stored.Body.Length;
        }

        var begun = context.BeginAnswerAsync();
        return begun.IsCompletedSuccessfully ? BodyAsync(context, stored) : AwaitAsync(begun, context, stored);

        static async ValueTask AwaitAsync(ValueTask begun, CacheContext context, StoredResponse stored)
        {
            await begun;
            await BodyAsync(context, stored);
        }
    }

    /// <summary>only-if-cached, and there is nothing that may be used (RFC 9111, 5.2.1.7).</summary>
    internal static ValueTask SendNothingAsync(CacheContext context, RouteRules rules)
    {
        context.Outcome = CacheOutcome.Miss;
        context.Reason = "only-if-cached";
        context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
        context.Response.ContentLength = 0;
        if (rules.SendStatus)
        {
            CacheStatusField.Append(context.Response.Headers, CacheStatusField.Neither("only-if-cached"));
        }

        return context.BeginAnswerAsync();
    }

    internal static void PutHeaders(CacheContext context, StoredResponse stored, bool notModified, DateTimeOffset now)
    {
        var response = context.Response;
        response.StatusCode = stored.StatusCode;
        var headers = response.Headers;
        var fields = stored.Headers;
        for (var i = 0; i < fields.Count; i++)
        {
            var (name, values) = fields[i];
            if (!notModified || !HeaderFields.IsOfBody(name))
            {
                headers[name] = values;
            }
        }

        headers.Age = ((long)stored.Age(now).TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    private static ValueTask BodyAsync(CacheContext context, StoredResponse stored) =>
        stored.Body.Length == 0 || HttpMethods.IsHead(context.Request.Method)
            ? default
            : context.WriteAsync(stored.Body, 0, stored.Body.Length);
}
