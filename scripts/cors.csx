// Lets the pages of other origins call an API: answers their preflight requests and marks the answers.
//     #load "scripts/cors.csx"
//     Route("/api/{**path}").Access(Preflight).HeaderFilter(AllowOrigin).To("api");
// The origins are the setting "cors-origins", separated by commas.
var corsOrigins = (Settings["cors-origins"] ?? "https://app.example").Split(',', StringSplitOptions.TrimEntries).ToHashSet();

Verdict Preflight(AccessContext r)
{
    if (!HttpMethods.IsOptions(r.Request.Method) || !r.Request.Headers.ContainsKey("Access-Control-Request-Method") || !IsAllowed(r))
        return r.Next;

    r.Response.Headers.AccessControlAllowMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
    r.Response.Headers.AccessControlAllowHeaders = r.Request.Headers.AccessControlRequestHeaders;
    r.Response.Headers.AccessControlMaxAge = "600";
    return r.Respond(204);
}

void AllowOrigin(HeaderFilterContext h)
{
    // Also where the origin is not allowed, or a cache would give one origin's answer to another.
    h.Response.Headers.Append("Vary", "Origin");
    if (IsAllowed(h))
        h.Response.Headers.AccessControlAllowOrigin = h.Request.Headers.Origin;
}

bool IsAllowed(ExchangeContext x) => x.Request.Headers.Origin is [{ } origin] && corsOrigins.Contains(origin);
