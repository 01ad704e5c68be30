// The tokens that are let in: "Secrets": { "tokens": "..." } in appsettings.json, or Secrets__tokens in the environment.
var known = Settings.Secret("tokens").Split(',').ToHashSet();

Verdict RequireToken(AccessContext r) =>
    r.BearerToken is { } token && known.Contains(token) ? r.Next : r.Respond(401, "token required\n");
