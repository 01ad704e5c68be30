using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace ScriptProxy.Core.Admin;

/// <summary>Answers of the admin API.</summary>
internal static class AdminJson
{
    // Told to be JSON and nothing else, so that quotes in messages need not be escaped for HTML.
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static Verdict Of(object value, int status = StatusCodes.Status200OK) =>
        Verdict.Respond(status, JsonSerializer.SerializeToUtf8Bytes(value, Options), "application/json; charset=utf-8");

    internal static Verdict Error(int status, string? message = null) => Of(new { Error = message ?? ReasonPhrases.GetReasonPhrase(status) }, status);
}
