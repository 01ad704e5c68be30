// Lets in who holds a JSON web token that we signed (HS256) and that has not expired, and remembers whose it is.
//     #load "scripts/jwt.csx"
//     Route("/api/{**path}").Access(RequireJwt).UpstreamRequest(u => u.Headers["X-User"] = u[JwtSubject]).To("api");
// The key is the secret "jwt-key".
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

static readonly ExchangeKey<string> JwtSubject = new("subject of the token", "");

var jwtKey = Encoding.UTF8.GetBytes(Settings.Secret("jwt-key"));

Verdict RequireJwt(AccessContext r)
{
    if (r.BearerToken?.Split('.') is not [var head, var claims, var signature] || !IsSigned($"{head}.{claims}", signature))
        return Refuse(r, "not signed");

    // Only now: nothing of a token is believed, not even that it is JSON, before its signature is.
    if (JsonNode.Parse(Base64Url.DecodeFromChars(head))?["alg"]?.ToString() != "HS256")
        return Refuse(r, "not HS256");

    var said = JsonNode.Parse(Base64Url.DecodeFromChars(claims));
    if (said?["exp"]?.GetValue<long>() is not { } expires || expires <= r.Time.GetUtcNow().ToUnixTimeSeconds())
        return Refuse(r, "expired");

    r[JwtSubject] = said["sub"]?.ToString() ?? "";
    return r.Next;
}

bool IsSigned(string text, string signature)
{
    var expected = Base64Url.EncodeToString(HMACSHA256.HashData(jwtKey, Encoding.UTF8.GetBytes(text)));
    return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature), Encoding.UTF8.GetBytes(expected));
}

static Verdict Refuse(AccessContext r, string why)
{
    r.Response.Headers.WWWAuthenticate = $"Bearer error=\"invalid_token\", error_description=\"{why}\"";
    return r.Respond(401, $"this token is {why}\n");
}
