using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <content>The beginning of the answer: where HeaderFilter and BodyFilter have their turn, once, whoever answers.</content>
internal sealed partial class Exchange
{
    private bool _passBody;
    private bool _filtersOnStart;
    private List<ScriptLocation>? _failed;
    private byte[]? _replacement;

    /// <summary>A handler has begun to answer by writing, in a phase where that is not its office: it is the answer all the same.</summary>
    internal bool HasBegun => Http.Response.HasStarted || Filtered;

    /// <summary>What says of an answer without a body that it is one.</summary>
    internal (int Status, long? Length, string? Type) Said
    {
        get
        {
            var response = Http.Response;
            return (response.StatusCode, response.ContentLength, response.ContentType);
        }
    }

    /// <summary>Something of the answer's body or head was sent, or lies in a buffer to be sent.</summary>
    internal bool HasWritten =>
        Http.Response.HasStarted || Filtered || Http.Response.BodyWriter is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };

    /// <summary>What the catch-all of the route's pattern matched; the whole path where it has none.</summary>
    /// <remarks>By the constructor: the conversion from string would decode a second time.</remarks>
    internal PathString FilePath => Pipeline.CatchAll is { } name ? new PathString("/" + Http.Request.RouteValues[name]) : Http.Request.Path;

    /// <summary>Runs HeaderFilter, once. To be called when status and headers are set and nothing was sent.</summary>
    internal override ValueTask BeginAnswerAsync()
    {
        if (Filtered)
        {
            return default;
        }

        Filtered = true;
        return Pipeline.HeaderFilter is { } filters ? Phases.AllAsync(_failed is null ? filters : [.. filters.Where(f => !_failed.Contains(f.Source))], this, HeaderFilterContext) : default;
    }

    /// <summary>A body filter that has failed is not asked to work on the answer that takes the place of its own.</summary>
    /// <param name="error">What the answer failed with.</param>
    /// <param name="again">It was the second one that did: nor are header filters any more, which may look at the error first.</param>
    internal void Spare(Exception error, bool again)
    {
        if (BodyFailure is not (null or BodyNotFilterableException or BodyBrokenException or BodyTooLargeException))
        {
            PassBody();
        }

        for (var cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is HandlerFailedException { Phase: "BodyFilter" })
            {
                PassBody();
            }
            else if (again && cause is HandlerFailedException { Phase: "HeaderFilter" } failed)
            {
                (_failed ??= []).Add(failed.Handler);
            }
        }
    }

    /// <summary>Called by the tap at the first byte: HeaderFilter, then BodyFilter.</summary>
    /// <returns>The plan that the handlers of BodyFilter wrote down; null for a body that passes.</returns>
    public async ValueTask<BodyPlan?> OnStartAsync()
    {
        await BeginAnswerAsync();
        if (_passBody || (Pipeline.BodyFilter is null && _replacement is null))
        {
            return null;
        }

        var plan = new BodyPlan();
        if (_replacement is { } bytes)
        {
            Replace(plan, bytes);
        }

        if (Pipeline.BodyFilter is { } filters)
        {
            BodyFilterContext.Operators = new PlanOperators(plan);
            await Phases.AllAsync(filters, this, BodyFilterContext);
        }

        return plan;
    }

    /// <remarks>Apart: its closure would be made for every answer.</remarks>
    private static void Replace(BodyPlan plan, byte[] body) => plan.Transform((_, output, cancel) => output.WriteAsync(body, cancel).AsTask());

    internal override void ReplaceAnswer(string text, string contentType)
    {
        var response = Http.Response;
        if (response.HasStarted || IsTunnel)
        {
            throw new InvalidOperationException("the answer is under way already, its body cannot be replaced");
        }

        foreach (var header in BodyHeaders.OfTheBody)
        {
            response.Headers.Remove(header);
        }

        response.ContentType = contentType;
        _replacement = Encoding.UTF8.GetBytes(text);

        // Whoever writes the old body asks for the stream after HeaderFilter.
        Tap();
    }

    /// <summary>The answer is whole: filters let out what they hold back, and one without a body begins now.</summary>
    internal ValueTask FinishAnswerAsync()
    {
        if (_tapped && IsTunnel)
        {
            // Nothing went through it, and asked for an end it would begin to filter.
            Untap();
        }

        return _tapped ? _tap.FinishAsync() : BeginAnswerAsync();
    }

    /// <summary>The connection, or the stream of it, became the two sides' own (a WebSocket): there is no body to filter.</summary>
    private bool IsTunnel => Http.Response is { HasStarted: true } response
        && (response.StatusCode == StatusCodes.Status101SwitchingProtocols || HttpMethods.IsConnect(Http.Request.Method));

    /// <summary>Takes back what was answered so far, when nothing of it was sent.</summary>
    internal bool TryTakeBack()
    {
        // What lies in the server's own buffer cannot be taken out again.
        if (Http.Response.HasStarted || (_tapped ? !_tap.TryRestart() : Http.Response.BodyWriter is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 }))
        {
            return false;
        }

        Filtered = false;
        _replacement = null;
        Http.Response.Clear();
        return true;
    }

    /// <summary>What a body filter failed with; null while none did.</summary>
    internal Exception? BodyFailure => _tapped ? _tap.Failure : null;

    /// <summary>The filters have failed: what follows goes out as it is.</summary>
    internal void PassBody() => _passBody = true;

    /// <summary>Where a handler may write by itself: its first byte triggers HeaderFilter.</summary>
    /// <param name="mayTunnel">The answer may be that of a WebSocket, which passes the tap by.</param>
    internal void FilterOnStart(bool mayTunnel = false)
    {
        // A tapped body asks by itself when it begins.
        if (!Filtered && !_filtersOnStart && Pipeline.HeaderFilter is not null && (mayTunnel || !Pipeline.TapsBody))
        {
            _filtersOnStart = true;
            Http.Response.OnStarting(static state => ((Exchange)state).BeginAnswerAsync().AsTask(), this);
        }
    }

    internal override void MayWrite()
    {
        if (!Filtered && !_filtersOnStart && !Http.Response.HasStarted)
        {
            FilterOnStart();
        }
    }

    /// <summary>To be called before a file is served: where filters change its body they need it whole, in a coding that they can read.</summary>
    internal void PrepareFile()
    {
        FilterOnStart();
        if (Pipeline.BodyFilter is not null)
        {
            BodyHeaders.AdjustRequest(Http.Request.Headers);
        }
    }

    /// <summary>Forgets whom it asked and what they answered; the body is sent from its beginning.</summary>
    internal void BeginAgain()
    {
        RewindBody();
        Http.Response.StatusCode = StatusCodes.Status200OK;
        ForwardTo = null;
        Peer = null;
        Attempts = 0;
        TriedPeers?.Clear();
    }

    /// <summary>Begins again with another path, as if the client had asked for it.</summary>
    internal void Redirect(string path)
    {
        var mark = path.IndexOf('?', StringComparison.Ordinal);
        var request = Http.Request;
        request.Path = PathString.FromUriComponent(mark < 0 ? path : path[..mark]);
        if (mark >= 0)
        {
            request.QueryString = mark == path.Length - 1 ? QueryString.Empty : new QueryString(path[mark..]);
        }

        Http.SetEndpoint(null);
        request.RouteValues.Clear();
        Route = RouteInfo.None;
        Pipeline = Snapshot.NoRoute;
    }
}
