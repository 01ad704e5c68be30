using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Core.Pipeline;

/// <content>The beginning of the answer: where HeaderFilter and BodyFilter have their turn, once, whoever answers.</content>
internal sealed partial class Exchange
{
    private bool _passBody;

    /// <summary>A handler has answered by writing: something was sent or is about to be, or status or length say so.</summary>
    internal bool HasAnswer
    {
        get
        {
            var response = Http.Response;
            return response.HasStarted || response.StatusCode != StatusCodes.Status200OK || response.ContentLength is not null
                || response.ContentType is not null || response.BodyWriter is { CanGetUnflushedBytes: true, UnflushedBytes: > 0 };
        }
    }

    /// <summary>What the catch-all of the route's pattern matched; the whole path where it has none.</summary>
    internal PathString FilePath
    {
        get
        {
            foreach (var (_, value) in Http.Request.RouteValues)
            {
                return "/" + value;
            }

            return Http.Request.Path;
        }
    }

    /// <summary>Runs HeaderFilter, once. To be called when status and headers are set and nothing was sent.</summary>
    internal ValueTask BeginAnswerAsync()
    {
        if (Filtered)
        {
            return default;
        }

        Filtered = true;
        return Pipeline.HeaderFilter is { } filters ? Phases.AllAsync(filters, this, HeaderFilterContext) : default;
    }

    /// <summary>Runs BodyFilter; the plan that its handlers wrote down, or null.</summary>
    internal async ValueTask<BodyPlan?> PlanBodyAsync()
    {
        await BeginAnswerAsync();
        if (_passBody || Pipeline.BodyFilter is not { } filters)
        {
            return null;
        }

        var plan = new BodyPlan();
        BodyFilterContext.Operators = plan;
        await Phases.AllAsync(filters, this, BodyFilterContext);
        return plan.IsEmpty ? null : plan;
    }

    /// <summary>The filters have failed: what follows goes out as it is.</summary>
    internal void PassBody() => _passBody = true;

    /// <summary>Where a handler may write by itself: its first byte triggers HeaderFilter.</summary>
    internal void FilterOnStart()
    {
        // A tapped body asks by itself when it begins.
        if (!Filtered && Pipeline is { TapsBody: false, HeaderFilter: not null })
        {
            Http.Response.OnStarting(static state => ((Exchange)state).BeginAnswerAsync().AsTask(), this);
        }
    }

    /// <summary>Begins again with another path, as if the client had asked for it.</summary>
    internal void Redirect(string path)
    {
        var mark = path.IndexOf('?', StringComparison.Ordinal);
        var request = Http.Request;
        request.Path = mark < 0 ? path : path[..mark];
        if (mark >= 0)
        {
            request.QueryString = new QueryString(path[mark..]);
        }

        Http.SetEndpoint(null);
        request.RouteValues.Clear();
        Route = RouteInfo.None;
        Pipeline = Snapshot.NoRoute;
    }
}
