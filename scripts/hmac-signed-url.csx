// Lets in only who holds a link that we signed and that has not expired (nginx's secure_link).
//     #load "scripts/hmac-signed-url.csx"
//     Route("/downloads/{**path}").Access(RequireSignature).Files("downloads");
// A link: /downloads/film.mp4?expires=<unix seconds>&signature=<base64url of HMAC-SHA256 over "path\nexpires">
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

// The load fails where the secret is missing: an open door would be worse.
var signingKey = Encoding.UTF8.GetBytes(Settings.Secret("signing-key"));

string Sign(string path, long expires) => Base64Url.EncodeToString(HMACSHA256.HashData(signingKey, Encoding.UTF8.GetBytes($"{path}\n{expires}")));

Verdict RequireSignature(AccessContext r)
{
    if (!long.TryParse(r.Request.Query["expires"], out var expires))
        return r.Respond(403, "this link is not signed\n");

    // Compared in constant time, so that a signature cannot be guessed letter by letter.
    var given = Encoding.UTF8.GetBytes(r.Request.Query["signature"].ToString());
    if (!CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(Sign(r.Request.Path, expires))))
        return r.Respond(403, "this link is not signed\n");

    return expires < r.Time.GetUtcNow().ToUnixTimeSeconds() ? r.Respond(410, "this link has expired\n") : r.Next;
}
