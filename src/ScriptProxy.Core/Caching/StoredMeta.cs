using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching;

namespace ScriptProxy.Core.Caching;

/// <summary>Everything of a stored answer but its body, as stores outside of the process write it.</summary>
internal sealed record StoredMeta(
    string Key, string Url, int Status, string?[][] Headers, string[] Vary, string Variant, long Received, long InitialAge, long Lifetime, long Grace, long Keep,
    bool AlwaysValidate, bool ForbidsStale, string Reason, string[] Tags, long Length)
{
    internal static StoredMeta Of(string key, StoredResponse r) => new(
        key, r.Url, r.StatusCode, [.. r.Headers.Select(h => (string?[])[h.Key, .. h.Value])], [.. r.Vary], r.Variant, r.Received.UtcTicks, r.InitialAge.Ticks,
        r.Lifetime.Ticks, r.Grace.Ticks, r.Keep.Ticks, r.AlwaysValidate, r.ForbidsStale, r.Reason, [.. r.Tags], r.Body.Length);

    internal StoredResponse ToResponse(StoredBody body, bool stale) => new()
    {
        Url = Url,
        StatusCode = Status,
        Headers = [.. Headers.Select(h => KeyValuePair.Create(h[0]!, h.Length == 2 ? new StringValues(h[1]) : new StringValues(h[1..])))],
        Body = body,
        Vary = Vary,
        Variant = Variant,
        Received = new DateTimeOffset(Received, TimeSpan.Zero),
        InitialAge = TimeSpan.FromTicks(InitialAge),
        Lifetime = stale ? TimeSpan.Zero : TimeSpan.FromTicks(Lifetime),
        Grace = TimeSpan.FromTicks(Grace),
        Keep = TimeSpan.FromTicks(Keep),
        AlwaysValidate = AlwaysValidate,
        ForbidsStale = ForbidsStale,
        SoftlyPurged = stale,
        Reason = Reason,
        Tags = Tags,
    };
}
