using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>The cache of one route: looks up, asks the origin, lets others wait for the same answer.</summary>
internal sealed class RouteCache(CacheHub hub, RouteRules rules) : IHttpCache
{
    /// <summary>A request that was sent on this often by answers that were not for it goes alone.</summary>
    private const int MostFlights = 3;

    public ValueTask AnswerAsync(CacheContext context)
    {
        if (rules.MayPurge is { } mayPurge && context.Request.Method is "PURGE")
        {
            return PurgeAnswer.SendAsync(context, hub, mayPurge);
        }

        if (WhyNot(context) is { } reason)
        {
            return PassAsync(context, reason);
        }

        var url = Keys.Url(context.Request);
        var key = Keys.Of(context, url);
        var directives = rules.ClientControl ? RequestDirectives.Read(context.Request.Headers) : default;
        if (directives.NoStore)
        {
            // It may not be stored, and who asks for that hardly wants what was (RFC 9111, 5.2.1.5).
            return PassAsync(context, ("request", "request-no-store"));
        }

        var looked = hub.Lately.Now;
        var found = hub.FindAsync(key, context.Aborted);
        if (found.IsCompletedSuccessfully)
        {
            var reuse = Reuse.Choose(found.Result, context.Request.Headers, directives, hub.Time.GetUtcNow());
            return reuse.Use == Use.Fresh
                ? SendAsync(context, in reuse, CacheOutcome.Hit)
                : NotFreshAsync(context, key, url, directives, reuse with { Looked = looked });
        }

        return FindAsync(context, key, url, directives, looked, found);
    }

    /// <returns>Why the request cannot be answered from a cache, in RFC 9211's word and ours; null where it can.</returns>
    private static (string Forward, string Detail)? WhyNot(CacheContext context)
    {
        var request = context.Request;
        if (ReferenceEquals(context.Decision, CacheDecision.Bypass))
        {
            return ("bypass", "bypass");
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            return ("method", "method");
        }

        var headers = request.Headers;
        return headers.IfMatch.Count > 0 || headers.IfUnmodifiedSince.Count > 0 ? ("request", "precondition")
            : headers.Upgrade.Count > 0 ? ("bypass", "upgrade")
            : context.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? ("request", "body")
            : null;
    }

    private async ValueTask FindAsync(
        CacheContext context, string key, string url, RequestDirectives directives, long looked, ValueTask<IReadOnlyList<StoredResponse>> found)
    {
        var reuse = Reuse.Choose(await found, context.Request.Headers, directives, hub.Time.GetUtcNow()) with { Looked = looked };
        await (reuse.Use == Use.Fresh
            ? SendAsync(context, in reuse, CacheOutcome.Hit)
            : NotFreshAsync(context, key, url, directives, reuse));
    }

    private ValueTask SendAsync(CacheContext context, in Reuse reuse, CacheOutcome outcome) => StoredAnswer.SendAsync(
        context, reuse.Stored!, rules, outcome, reuse.Reason, rules.SendStatus ? CacheStatusField.Hit(reuse.FreshFor, reuse.Reason) : "");

    private async ValueTask NotFreshAsync(CacheContext context, string key, string url, RequestDirectives directives, Reuse reuse)
    {
        if (reuse.Use is Use.Stale or Use.StaleMeanwhile)
        {
            if (reuse.Use == Use.StaleMeanwhile)
            {
                Refresh(context, key, url, reuse);
            }

            await SendAsync(context, in reuse, CacheOutcome.Stale);
            return;
        }

        if (directives.OnlyIfCached)
        {
            await StoredAnswer.SendNothingAsync(context, rules);
            return;
        }

        if (HttpMethods.IsHead(context.Request.Method))
        {
            await HeadAnswer.AnswerAsync(context, hub, rules, key, url, reuse);
            return;
        }

        if (context.Request.Headers.Range.Count > 0 && reuse.Stored is null)
        {
            // A part is not stored, and to fetch the whole for it may take for ever.
            await PassAsync(context, ("uri-miss", "range"));
            return;
        }

        if (reuse.Known is null && HeaderFields.HasCondition(context.Request.Headers) && hub.GoesAlone(key))
        {
            // What cannot be stored the origin alone can compare with what the client has (RFC 9111, 4.3.2).
            await PassAsync(context, ("uri-miss", "alone"));
            return;
        }

        await AskAsync(context, key, url, directives, reuse);
    }

    private async ValueTask AskAsync(CacheContext context, string key, string url, RequestDirectives directives, Reuse reuse)
    {
        var alone = directives.NoCache || hub.GoesAlone(key);
        var refusal = rules.MinUses > 1 && reuse.Known is null && hub.Uses.Count(key) < rules.MinUses ? "min-uses" : null;
        StoredResponse? seen = null;
        for (var flights = 0; ; flights++)
        {
            var name = alone || flights == MostFlights ? null : Name(key, context, reuse.Known ?? seen);
            var flight = Take(context, key, url, refusal, reuse, name, out var leads);
            if (leads)
            {
                if (await FoundMeanwhileAsync(context, flight, directives, reuse.Looked) is { } found)
                {
                    await SendAsync(context, in found, CacheOutcome.Hit);
                    return;
                }

                Begin(context, flight, unattended: false);
            }

            if (await FlownAsync(context, flight, leads, reuse, directives))
            {
                return;
            }

            // It was not for this request: by now it may be known what sets it apart, and the store may have one that is.
            if (flight.Stored is { Vary.Count: > 0 } other)
            {
                seen = other;
            }
            else
            {
                alone |= flight.Landed is { IsCompletedSuccessfully: true, Result: Landing.Alone or Landing.Shared } && flight.Question.Refusal is null;
            }

            reuse = await LookAsync(context, key, directives);
            if (reuse.Use == Use.Fresh)
            {
                await SendAsync(context, in reuse, CacheOutcome.Hit);
                return;
            }
        }
    }

    private async ValueTask<Reuse> LookAsync(CacheContext context, string key, RequestDirectives directives)
    {
        var looked = hub.Lately.Now;
        var found = await hub.FindAsync(key, context.Aborted);
        return Reuse.Choose(found, context.Request.Headers, directives, hub.Time.GetUtcNow()) with { Looked = looked };
    }

    /// <summary>Between this request's look into the store and its boarding another's flight may have ended: what that brought need not be asked for again.</summary>
    /// <returns>What serves the request; null where the flight is to begin.</returns>
    private async ValueTask<Reuse?> FoundMeanwhileAsync(CacheContext context, Flight flight, RequestDirectives directives, long looked)
    {
        var key = flight.Question.Key;
        if (!flight.IsShared || !hub.Lately.IsNewer(key, looked))
        {
            return null;
        }

        var found = false;
        try
        {
            var reuse = await LookAsync(context, key, directives);
            found = reuse.Use == Use.Fresh;
            return found ? reuse : null;
        }
        catch
        {
            // Others may wait for it already.
            found = true;
            throw;
        }
        finally
        {
            if (found)
            {
                flight.Withdraw();
                flight.Leave(context, served: false);
            }
        }
    }

    /// <returns>False where the answer was not for this request.</returns>
    private async ValueTask<bool> FlownAsync(CacheContext context, Flight flight, bool leads, Reuse reuse, RequestDirectives directives)
    {
        var served = false;
        var late = flight.Landed.IsCompleted;
        try
        {
            Landing landing;
            try
            {
                landing = await LandedAsync(context, flight);
            }
            finally
            {
                // Also where it failed: whom it asked, and how long that took, belong to this request.
                if (leads && flight.Landed.IsCompleted)
                {
                    context.Adopt(flight.Fetch);
                }
            }

            var forward = new Forwarded(reuse.Forward, leads);
            switch (landing)
            {
                case Landing.Alone when leads:
                    // The body is this client's own: with it goes the fetch.
                    served = true;
                    await FetchedAnswer.SendAsync(context, flight, rules, forward);
                    return true;
                case Landing.Alone:
                    return false;
                case Landing.Shared when leads || (IsFor(context, flight.Stored!) && !(late && IsOld(context, flight.Stored!, in directives))):
                    await FetchedAnswer.ShareAsync(context, flight, rules, forward);
                    return served = true;
                case Landing.Confirmed when leads || (IsFor(context, flight.Stored!) && !(late && IsOld(context, flight.Stored!, in directives))):
                case Landing.StandIn when leads || (IsFor(context, flight.Stored!) && MayServe(reuse, flight)):
                    await SendStoredAsync(context, flight, landing, forward);
                    return served = true;
                default:
                    return false;
            }
        }
        finally
        {
            flight.Leave(context, served);
        }
    }

    private static async ValueTask<Landing> LandedAsync(CacheContext context, Flight flight)
    {
        try
        {
            return await flight.Landed.WaitAsync(context.Aborted);
        }
        catch
        {
            // For the log and the metrics: what the client hears is the gateway's own answer.
            context.Outcome = CacheOutcome.Miss;
            context.Reason = context.Aborted.IsCancellationRequested ? "client-gone" : "origin-failed";
            throw;
        }
    }

    private ValueTask SendStoredAsync(CacheContext context, Flight flight, Landing landing, Forwarded forward)
    {
        var standsIn = landing == Landing.StandIn;
        var status = CacheStatusField.Forward(forward.Why, flight.OriginStatus, flight.IsStored, !forward.Leads, flight.Reason);
        return StoredAnswer.SendAsync(context, flight.Stored!, rules, standsIn ? CacheOutcome.Stale : CacheOutcome.Revalidated, flight.Reason, status);
    }

    /// <summary>A long body may be stale before it has ended: who comes later does not take it.</summary>
    private bool IsOld(CacheContext context, StoredResponse stored, in RequestDirectives directives) =>
        Reuse.Choose([stored], context.Request.Headers, in directives, hub.Time.GetUtcNow()).Use != Use.Fresh;

    private static bool IsFor(CacheContext context, StoredResponse stored) =>
        stored.Variant.Equals(VaryFields.Select(stored.Vary, context.Request.Headers), StringComparison.Ordinal);

    /// <summary>Requests with the same name wait for one another.</summary>
    private static string Name(string key, CacheContext context, StoredResponse? one) =>
        one is { Vary.Count: > 0 } known ? $"{key}\n{VaryFields.Select(known.Vary, context.Request.Headers)}" : key;

    private void Refresh(CacheContext context, string key, string url, Reuse reuse)
    {
        var name = Name(key, context, reuse.Known);
        if (hub.Flights.ContainsKey(name))
        {
            return;
        }

        var flight = Take(context, key, url, refusal: null, reuse, name, out var leads, unattended: true);
        if (leads && hub.Lately.IsNewer(key, reuse.Looked))
        {
            // Another refresh has just ended.
            flight.Withdraw();
        }
        else if (leads)
        {
            Begin(context, flight, unattended: true);
        }

        flight.Leave(this, served: true);
    }

    /// <summary>Boards the flight of that name, or a new one that is still to begin.</summary>
    private Flight Take(CacheContext context, string key, string url, string? refusal, Reuse reuse, string? name, out bool leads, bool unattended = false)
    {
        object passenger = unattended ? this : context;
        Flight? own = null;
        Flight? under = null;
        while (true)
        {
            if (name is not null && hub.Flights.TryGetValue(name, out under) && under.TryBoard(passenger))
            {
                leads = false;
                return under;
            }

            // Left behind: who was purged since keeps its passengers, and is nobody else's answer.
            under?.Retire();

            own ??= new Flight(hub, rules, new Question(key, url, HeaderFields.ForFetch(context.Request.Headers), reuse.Stored, unattended ? StandIn.OriginFails : MayStandIn(reuse), refusal), name);
            if (name is null || hub.Flights.TryAdd(name, own))
            {
                leads = true;
                own.TryBoard(passenger);
                return own;
            }
        }
    }

    /// <summary>
    /// Where the origin answers, and says that it fails, to serve what is stale needs somebody's word: the origin's, the client's, the script's. RFC 9111
    /// gives its own only where the answer is one to a conditional request (4.3.3).
    /// </summary>
    private StandIn MayStandIn(Reuse reuse) =>
        reuse is { StandIn: StandIn.Disconnected, Stored: { } stored } && (rules.KeepIsGiven || stored.Reason == "script" || HeaderFields.CanBeConfirmed(stored) || HeaderFields.SaysStaleIfError(stored))
            ? StandIn.OriginFails
            : reuse.StandIn;

    /// <summary>What may stand in for others need not for this request: a refresh in the background may end when the stale answer's time is over.</summary>
    private bool MayServe(Reuse reuse, Flight flight) =>
        MayStandIn(reuse) is var may && (may == StandIn.OriginFails || (may == StandIn.Disconnected && flight.OriginStatus is null));

    private static void Begin(CacheContext context, Flight flight, bool unattended)
    {
        try
        {
            flight.Start(context.Fetch(HttpMethods.Get, HeaderFields.WithConditions(flight.Question.Request, flight.Question.Base)), unattended);
        }
        catch (Exception error)
        {
            flight.Fail(error);
            throw;
        }
    }

    private ValueTask PassAsync(CacheContext context, (string Forward, string Detail) why) => PassedAnswer.SendAsync(context, hub, rules, why);
}

/// <summary>That a request was forwarded.</summary>
/// <param name="Why">In RFC 9211's word.</param>
/// <param name="Leads">It is the one that asked the origin.</param>
internal readonly record struct Forwarded(string Why, bool Leads);
