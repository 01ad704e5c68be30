using System.Globalization;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Caching.Admin;

/// <summary>What the cache does with a stored answer, and why, in words for an operator.</summary>
internal static class Explain
{
    /// <summary>What becomes of the request that it was chosen for.</summary>
    internal static (string Get, string Why) Use(Reuse chosen, StoredResponse stored)
    {
        var left = chosen.FreshFor;
        var mayBeConfirmed = stored.Header("ETag").Count > 0 || stored.Header("Last-Modified").Count > 0;
        return chosen.Use switch
        {
            Engine.Use.Fresh => ("hit", $"fresh for another {Span(left)}"),
            Engine.Use.StaleMeanwhile => ("stale-while-revalidate", $"{Stale(left)}, within its grace of {Span(stored.Grace)}"),
            _ when stored.AlwaysValidate => (mayBeConfirmed ? "validate" : "miss", "no-cache: the origin is asked each time"),
            _ => (
                mayBeConfirmed ? "validate" : "miss",
                Stale(left)
                + (mayBeConfirmed ? "" : ", and has neither ETag nor Last-Modified to be confirmed by")
                + (stored.ForbidsStale ? "; must not be served stale" : "")
                + (chosen.StandIn != StandIn.Never ? $"; stands in for an origin that fails for another {Span(stored.Keep + left)}" : "")),
        };
    }

    /// <summary>Where its lifetime comes from.</summary>
    internal static string Lifetime(StoredResponse stored)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        foreach (var (name, values) in stored.Headers)
        {
            headers[name] = values;
        }

        var said = TargetedControl.Read(headers);
        var field = $"{said.Source}: {headers[said.Source]}";
        var from = stored.Reason switch
        {
            "max-age" or "s-maxage" => field,
            "expires" => $"Expires: {headers.Expires}",
            "ttl" => ".Cache(ttl: ...)",
            "script" => "Store(...) in UpstreamResponse",
            "heuristic" => $"a tenth of the time since Last-Modified: {headers.LastModified}",
            "validator" => "nothing says how long; kept to be confirmed by the origin",
            "unreadable-age" => "an Age that cannot be read: taken for stale",
            var other => other,
        };
        return stored.SoftlyPurged ? $"a soft purge; before that {from}" : from;
    }

    private static string Stale(TimeSpan left) => left < TimeSpan.Zero ? $"stale for {Span(-left)}" : "stale";

    /// <summary>In the two largest units.</summary>
    private static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => Text($"{(int)span.TotalDays} d {span.Hours} h"),
        { TotalHours: >= 1 } => Text($"{span.Hours} h {span.Minutes} min"),
        { TotalMinutes: >= 1 } => Text($"{span.Minutes} min {span.Seconds} s"),
        _ => Text($"{Math.Ceiling(span.TotalSeconds)} s"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
