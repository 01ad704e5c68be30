using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Engine;

/// <summary>How a question to the origin turned out, as soon as its headers are there.</summary>
internal enum Landing
{
    /// <summary>It may be stored: all who wait share it, while it still comes.</summary>
    Shared,

    /// <summary>It is for the one request that asked.</summary>
    Alone,

    /// <summary>What is stored is still right (304).</summary>
    Confirmed,

    /// <summary>The origin failed; what is stored stands in for it.</summary>
    StandIn,

    /// <summary>It did not begin: the store has an answer by now.</summary>
    Withdrawn,
}

/// <summary>What a flight is about.</summary>
/// <param name="Key">The key to store under.</param>
/// <param name="Url">What is asked for.</param>
/// <param name="Request">The client's headers, copied; Vary is read from them.</param>
/// <param name="Base">What is stored and is to be confirmed; null where nothing is.</param>
/// <param name="StandIn">When the stored answer may be served instead.</param>
/// <param name="Refusal">Why the answer is not to be stored, whatever it says; null where it may decide.</param>
internal sealed record Question(string Key, string Url, IHeaderDictionary Request, StoredResponse? Base, StandIn StandIn, string? Refusal);

/// <summary>One question to the origin, and all requests that wait for its answer.</summary>
internal sealed class Flight
{
    private readonly CacheHub _hub;
    private readonly RouteRules _rules;
    private readonly Lock _gate = new();
    private readonly string? _name;
    private readonly long _purges;
    private readonly DateTimeOffset _asked;
    private readonly TaskCompletionSource<Landing> _landed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CacheFetch _fetch = null!;
    private int _passengers;
    private bool _pinned;
    private bool _unattended;
    private bool _closed;
    private bool _passing;

    /// <param name="hub">What all routes share.</param>
    /// <param name="rules">The route's.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="name">What others find it by; null for one of its own.</param>
    internal Flight(CacheHub hub, RouteRules rules, Question question, string? name)
    {
        _hub = hub;
        _rules = rules;
        Question = question;
        _name = name;
        _purges = hub.Store.Purges;
        _asked = hub.Time.GetUtcNow();

        // A failure that no client sees any more is none.
        _ = _landed.Task.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    internal Question Question { get; }

    /// <summary>Others can find it.</summary>
    internal bool IsShared => _name is not null;

    internal CacheFetch Fetch => _fetch;

    /// <summary>Fails as the origin did, where nothing stands in for it.</summary>
    internal Task<Landing> Landed => _landed.Task;

    /// <summary>The new answer without its body, or the confirmed one with it. Valid when landed.</summary>
    internal StoredResponse? Stored { get; private set; }

    /// <summary>The status of the origin's answer; null where there was none.</summary>
    internal int? OriginStatus { get; private set; }

    /// <summary>Why it landed as it did.</summary>
    internal string Reason { get; private set; } = "";

    /// <summary>It will be in the store.</summary>
    internal bool IsStored { get; private set; }

    /// <summary>Of the body as declared; null where it was not.</summary>
    internal long? Length { get; private set; }

    internal GrowingBody Body { get; } = new();

    /// <param name="fetch">Has just begun.</param>
    /// <param name="unattended">No client is to be answered by it: it goes to its end, and what is not stored nobody reads.</param>
    internal void Start(CacheFetch fetch, bool unattended)
    {
        _fetch = fetch;
        _pinned = _unattended = unattended;
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(RunAsync, CancellationToken.None);
        }
    }

    /// <summary>It could not begin.</summary>
    internal void Fail(Exception error)
    {
        Retire();
        _landed.TrySetException(error);
    }

    /// <summary>It need not begin: who waits for it looks into the store again.</summary>
    internal void Withdraw()
    {
        lock (_gate)
        {
            _closed = true;
        }

        Retire();
        _landed.TrySetResult(Landing.Withdrawn);
    }

    /// <param name="passenger">One that waits for the answer and may read its body.</param>
    /// <returns>False where it is being given up, the beginning of its body may be gone, or something was purged since it began: what comes may be what was purged.</returns>
    internal bool TryBoard(object passenger)
    {
        lock (_gate)
        {
            if (_closed || _purges != _hub.Store.Purges)
            {
                return false;
            }

            _passengers++;
            Body.Enter(passenger);
            return true;
        }
    }

    /// <summary>A client goes, content or not. The last one who was not served takes the flight with it, unless it is nearly there.</summary>
    internal void Leave(object passenger, bool served)
    {
        Body.Leave(passenger);
        lock (_gate)
        {
            _pinned |= served;
            // What is not to be stored any more has no other use.
            if (--_passengers > 0 || (!_passing && (_pinned || _rules.GoesOn(Body))))
            {
                return;
            }

            _closed = true;
        }

        Retire();
        _ = _fetch?.DisposeAsync().AsTask();
    }

    private async Task RunAsync()
    {
        try
        {
            await LandAsync();
        }
        catch (Exception error)
        {
            // Whatever it was, nobody is to wait for ever.
            Retire();
            Body.End(error);
            _landed.TrySetException(error);
        }
        finally
        {
            Retire();
        }
    }

    private async Task LandAsync()
    {
        try
        {
            await _fetch.Started;
        }
        catch (Exception) when (Question.StandIn != StandIn.Never)
        {
            Serve("origin-failed");
            return;
        }

        var received = _hub.Time.GetUtcNow();
        OriginStatus = _fetch.StatusCode;
        if (Question.Base is { } stored && _fetch.StatusCode == StatusCodes.Status304NotModified)
        {
            await ConfirmAsync(stored, received);
        }
        else if (Question.StandIn == StandIn.OriginFails && Statuses.IsServerError(_fetch.StatusCode))
        {
            Serve("origin-error");
            await _fetch.DisposeAsync();
        }
        else
        {
            await TakeAsync(received);
        }
    }

    private void Serve(string reason)
    {
        Stored = Question.Base;
        Reason = reason;
        Retire();
        _landed.TrySetResult(Landing.StandIn);
    }

    private async Task ConfirmAsync(StoredResponse stored, DateTimeOffset received)
    {
        var headers = HeaderFields.Freshened(stored, _fetch.Headers);
        var judgement = Judge(stored.StatusCode, headers, received);
        Reason = judgement.Reason;
        Stored = Make(judgement, stored.StatusCode, headers, received) with { Body = stored.Body };
        await _fetch.DisposeAsync();
        IsStored = judgement.MayStore;
        var storing = judgement.MayStore ? _hub.StoreAsync(Question.Key, Stored, _purges) : _hub.ForgetAsync(Question.Url).AsTask();

        // A slow store holds up nobody. Who comes meanwhile still finds the flight.
        _landed.TrySetResult(Landing.Confirmed);
        await storing;
        Retire();
    }

    private async Task TakeAsync(DateTimeOffset received)
    {
        var judgement = Question.Refusal is { } refusal
            ? new Judgement(false, refusal)
            : Judge(_fetch.StatusCode, _fetch.Headers, received);
        var length = Statuses.HasNoBody(_fetch.StatusCode) ? 0 : _fetch.Headers.ContentLength;
        if (judgement.MayStore && length > _rules.MaxObject)
        {
            judgement = new Judgement(false, "too-large");
        }
        else if (judgement.MayStore && _hub.IsFull(length ?? 0))
        {
            judgement = new Judgement(false, "overload");
        }

        Reason = judgement.Reason;
        if (!judgement.MayStore)
        {
            if (Question.Refusal is null && Reason != "overload")
            {
                _hub.RememberAlone(Question.Key);
            }

            Retire();
            _landed.TrySetResult(Landing.Alone);
            if (_unattended)
            {
                await _fetch.DisposeAsync();
            }

            return;
        }

        Stored = Make(judgement, _fetch.StatusCode, _fetch.Headers, received);
        IsStored = true;
        Length = _fetch.Headers.ContentLength;
        Body.Expect(length);
        _hub.ForgetAlone(Question.Key);
        _landed.TrySetResult(Landing.Shared);
        await FillAsync(length);
    }

    private async Task FillAsync(long? length)
    {
        await using var fetch = _fetch;
        var held = 0L;
        try
        {
            int read;
            while ((read = await fetch.Body.ReadAsync(Body.Room(), CancellationToken.None)) > 0)
            {
                Body.Advance(read);
                held += IsStored ? _hub.Hold(read) : 0;
                if (IsStored && (Body.Length > _rules.MaxObject || _hub.IsFull(0)))
                {
                    IsStored = false;
                    held += _hub.Hold(-held);
                    if (!PassOn())
                    {
                        return;
                    }
                }

                await Body.KeepUpAsync(_hub.Time);
            }

            if (length is { } declared && declared != Body.Length)
            {
                throw new IOException($"the body has {Body.Length} bytes instead of {declared}");
            }
        }
        catch (Exception error)
        {
            // What is cut short is passed on cut short, and never stored.
            Retire();
            Body.End(error);
            _hub.Hold(-held);
            return;
        }

        // A slow store holds up nobody. Who comes meanwhile still finds the flight, and after that the store, or asks anew.
        var storing = IsStored ? _hub.StoreAsync(Question.Key, Stored! with { Body = Body.Whole() }, _purges) : Task.FromResult(false);
        if (storing.IsCompleted)
        {
            Retire();
        }

        Body.End();
        await storing;
        Retire();
        _hub.Hold(-held);
    }

    private Judgement Judge(int status, IHeaderDictionary headers, DateTimeOffset received) => StoreRule.Judge(
        new Answer
        {
            Status = status,
            Headers = headers,
            Request = Question.Request,
            Requested = _asked,
            Received = received,
            Script = _fetch.Freshness,
        },
        _rules.Policy);

    private StoredResponse Make(Judgement judgement, int status, IHeaderDictionary headers, DateTimeOffset received) =>
        Make(judgement, Question.Url, Question.Request, status, headers, received);

    /// <summary>What is to be stored, without its body.</summary>
    internal static StoredResponse Make(Judgement judgement, string url, IHeaderDictionary request, int status, IHeaderDictionary headers, DateTimeOffset received) => new()
    {
        Url = url,
        StatusCode = status,
        Headers = HeaderFields.ToStore(headers, judgement.Without, received),
        Body = StoredBody.Empty,
        Vary = judgement.Vary,
        Variant = VaryFields.Select(judgement.Vary, request),
        Received = received,
        InitialAge = judgement.InitialAge,
        Lifetime = judgement.Lifetime,
        Grace = judgement.Grace,
        Keep = judgement.Keep,
        AlwaysValidate = judgement.AlwaysValidate,
        ForbidsStale = judgement.ForbidsStale,
        Reason = judgement.Reason,
        Tags = judgement.Tags,
    };

    /// <summary>Whoever reads it may go on; nobody else joins, and what all have seen is let go.</summary>
    /// <returns>False where nobody reads it.</returns>
    private bool PassOn()
    {
        bool read;
        lock (_gate)
        {
            _closed = _passing = true;
            read = _passengers > 0;
        }

        Retire();
        Body.PassOn();
        return read;
    }

    /// <summary>Nobody new finds it.</summary>
    internal void Retire()
    {
        if (_name is not null)
        {
            _hub.Flights.TryRemove(KeyValuePair.Create(_name, this));
        }
    }
}
