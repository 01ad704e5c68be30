using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Which field speaks to this cache: one targeted at it before the one for all (RFC 9213), and Surrogate-Control of older origins.</summary>
internal static class TargetedControl
{
    internal const string OwnField = "ScriptProxy-Cache-Control";

    internal const string CdnField = "CDN-Cache-Control";

    internal const string SurrogateField = "Surrogate-Control";

    /// <summary>The name that origins target in Surrogate-Control.</summary>
    internal const string Device = "scriptproxy";

    /// <summary>What is sent to origins (Edge Architecture Specification, 2.1).</summary>
    internal const string Capability = $"{Device}=\"Surrogate/1.0\"";

    private static readonly string[] Fields = [OwnField, CdnField];

    internal static ResponseDirectives Read(IHeaderDictionary headers)
    {
        foreach (var field in Fields)
        {
            if (headers.TryGetValue(field, out var lines) && FromStructured(field, lines) is { } targeted)
            {
                return targeted;
            }
        }

        return headers.TryGetValue(SurrogateField, out var surrogate) && FromSurrogate(surrogate) is { } old
            ? old
            : ResponseDirectives.Read(headers.CacheControl);
    }

    /// <returns>Null where it is empty or cannot be read: then it is as if it were not there (RFC 9213, 2.1).</returns>
    private static ResponseDirectives? FromStructured(string field, StringValues lines)
    {
        if (StructuredFields.ReadDictionary(lines) is not { Count: > 0 } members)
        {
            return null;
        }

        return new ResponseDirectives
        {
            Source = field,
            MaxAge = Seconds("max-age"),
            SharedMaxAge = Seconds("s-maxage"),
            StaleWhileRevalidate = Seconds("stale-while-revalidate"),
            StaleIfError = Seconds("stale-if-error"),
            NoStore = Said("no-store"),
            NoCache = Said("no-cache"),
            Private = Said("private"),
            Public = Said("public"),
            MustRevalidate = Said("must-revalidate"),
            ProxyRevalidate = Said("proxy-revalidate"),
            MustUnderstand = Said("must-understand"),
            Immutable = Said("immutable"),
        };

        // Of another type than it should have, a member says nothing.
        bool Said(string name) => members.TryGetValue(name, out var item) && item.IsTrue;

        TimeSpan? Seconds(string name) => members.TryGetValue(name, out var item) && item is { Kind: ItemKind.Integer, Number: >= 0 }
            ? TimeSpan.FromSeconds(Math.Min(item.Number, DeltaSeconds.Most))
            : null;
    }

    /// <returns>Null where nothing in it is for this cache.</returns>
    private static ResponseDirectives? FromSurrogate(StringValues lines)
    {
        ResponseDirectives? read = null;
        var d = new Directives(lines);
        while (d.Next())
        {
            // A directive may be meant for one device: max-age=60;name.
            var mark = d.HasValue ? d.Value.IndexOf(';') : d.Name.IndexOf(';');
            var target = mark < 0 ? default : (d.HasValue ? d.Value : d.Name)[(mark + 1)..].Trim();
            if (d.IsMalformed || (mark >= 0 && !target.Equals(Device, StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            var name = !d.HasValue && mark >= 0 ? d.Name[..mark] : d.Name;
            var value = d.HasValue && mark >= 0 ? d.Value[..mark] : d.Value;
            if (name.Equals("no-store", StringComparison.OrdinalIgnoreCase))
            {
                (read ??= new ResponseDirectives { Source = SurrogateField }).NoStore = true;
            }
            else if (name.Equals("max-age", StringComparison.OrdinalIgnoreCase))
            {
                // max-age=60+600: ten minutes more while it is fetched again.
                var plus = value.IndexOf('+');
                if (DeltaSeconds.TryParse(plus < 0 ? value : value[..plus], out var age))
                {
                    read ??= new ResponseDirectives { Source = SurrogateField };
                    read.MaxAge ??= age;
                    if (plus >= 0 && DeltaSeconds.TryParse(value[(plus + 1)..], out var extra))
                    {
                        read.StaleWhileRevalidate ??= extra;
                    }
                }
            }
        }

        return read;
    }
}
