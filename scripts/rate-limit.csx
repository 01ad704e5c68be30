// At most so many requests per client and span of time; more are answered with 429. The counters are shared by all requests and survive reloads.
//     #load "scripts/rate-limit.csx"
//     Route("/api/{**path}").Access(RateLimit(100, Minutes(1))).To("api");
Func<AccessContext, Verdict> RateLimit(long requests, TimeSpan span) => r =>
{
    var counters = Shared("rate-limit");
    var key = $"{r.Route.Pattern} {r.ClientIp}";

    // The time to live is given when the key is made: the span begins with the client's first request.
    if (counters.Increment(key, ttl: span) <= requests)
        return r.Next;

    var left = counters.Ttl(key) ?? span;
    r.Response.Headers.RetryAfter = Math.Ceiling(left.TotalSeconds).ToString();
    return r.Respond(429, "too many requests\n");
};
