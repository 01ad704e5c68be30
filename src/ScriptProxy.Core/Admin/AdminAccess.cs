using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Core.Admin;

/// <summary>Who may ask an admin listener.</summary>
internal static class AdminAccess
{
    private const string Scheme = "Bearer ";

    /// <returns>The refusal; null for who may ask.</returns>
    internal static Verdict? Refuse(HttpContext context, bool isUnix, string? token)
    {
        var request = context.Request;
        if (!isUnix && !IsOwn(request.Host))
        {
            // A name that somebody else's DNS answers with this address: then his pages' scripts would be asking, in the browser of an operator.
            return AdminJson.Error(StatusCodes.Status421MisdirectedRequest, $"the admin API is asked by address or as localhost, not as '{request.Host}'");
        }

        // A form of another site may post here too.
        if (request.Headers.Origin is [{ } origin, ..] && origin != $"{request.Scheme}://{request.Host}")
        {
            return AdminJson.Error(StatusCodes.Status403Forbidden, "pages of other sites may not ask the admin API");
        }

        if (token is null || IsToken(request.Headers.Authorization, token))
        {
            return null;
        }

        context.Response.Headers.WWWAuthenticate = "Bearer";
        return AdminJson.Error(StatusCodes.Status401Unauthorized, "this listener asks for Authorization: Bearer and its token");
    }

    private static bool IsOwn(HostString host) =>
        host.HasValue && (host.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Host, out _));

    /// <remarks>Hashes are of one length: how long it takes tells neither how much is right nor how long the token is.</remarks>
    private static bool IsToken(string? header, string token) =>
        header is not null
        && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), Hash(token));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
