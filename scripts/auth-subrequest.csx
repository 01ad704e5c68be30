// Lets another service decide who may pass, and tells the upstream who it is (nginx's auth_request).
//     #load "scripts/auth-subrequest.csx"
//     Route("/auth").To("http://10.0.0.31:8080");
//     Route("/account/{**path}").Access(AskAuth).UpstreamRequest(SendUser).To("shop");
// The service answers 2xx with X-User, or 401 or 403.
static readonly ExchangeKey<string> AuthenticatedUser = new("authenticated user", "");

async Task<Verdict> AskAuth(AccessContext r)
{
    // The caller's own headers, cookies and Authorization among them, go along.
    await using var answer = await r.Subrequest("/auth", headers: new() { ["X-Original-Uri"] = r.Request.Path + r.Request.QueryString });
    if (answer.StatusCode is 401 or 403)
        return r.Respond(answer.StatusCode, "not for you\n");
    if (!answer.IsSuccess)
        return r.Respond(503, "the sign-in service is not there\n");

    r[AuthenticatedUser] = answer.Headers["X-User"].ToString();
    return r.Next;
}

// Replaces what a client may have sent under that name.
void SendUser(UpstreamRequestContext u) => u.Headers["X-User"] = u[AuthenticatedUser];
