using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>What an answer says to a shared cache, wherever it says it (RFC 9111, 5.2.2; RFC 5861; RFC 9213).</summary>
internal sealed class ResponseDirectives
{
    internal static ResponseDirectives None { get; } = new();

    internal bool NoStore { get; set; }

    /// <summary>Without field names: never to be used without asking the origin.</summary>
    internal bool NoCache { get; set; }

    /// <summary>Without field names: for one user.</summary>
    internal bool Private { get; set; }

    internal bool Public { get; set; }

    internal bool MustRevalidate { get; set; }

    internal bool ProxyRevalidate { get; set; }

    internal bool MustUnderstand { get; set; }

    internal bool Immutable { get; set; }

    internal TimeSpan? MaxAge { get; set; }

    internal TimeSpan? SharedMaxAge { get; set; }

    internal TimeSpan? StaleWhileRevalidate { get; set; }

    internal TimeSpan? StaleIfError { get; set; }

    /// <summary>How long it is fresh is said in a way that cannot be read: the answer is taken for stale (RFC 9111, 4.2.1).</summary>
    internal bool UnreadableAge { get; set; }

    /// <summary>Fields that no-cache or private name: they are not stored.</summary>
    internal List<string>? Fields { get; set; }

    /// <summary>Where it was said.</summary>
    internal string Source { get; init; } = "Cache-Control";

    internal TimeSpan? Lifetime => UnreadableAge ? TimeSpan.Zero : SharedMaxAge ?? MaxAge;

    /// <summary>Stale, it must not be served without the origin's word, whatever a client or the script would allow (RFC 9111, 4.2.4).</summary>
    internal bool ForbidsStale => MustRevalidate || ProxyRevalidate || NoCache || SharedMaxAge is not null;

    internal static ResponseDirectives Read(StringValues cacheControl)
    {
        if (cacheControl.Count == 0)
        {
            return None;
        }

        var read = new ResponseDirectives();
        var directives = new Directives(cacheControl);
        while (directives.Next())
        {
            read.Take(in directives);
        }

        return read;
    }

    private void Take(in Directives d)
    {
        if (d.Is("max-age"))
        {
            MaxAge = Seconds(in d, MaxAge);
        }
        else if (d.Is("s-maxage"))
        {
            SharedMaxAge = Seconds(in d, SharedMaxAge);
        }
        else if (d.Is("no-store"))
        {
            NoStore = true;
        }
        else if (d.Is("no-cache"))
        {
            NoCache |= !TakeFields(in d);
        }
        else if (d.Is("private"))
        {
            Private |= !TakeFields(in d);
        }
        else if (d.Is("public"))
        {
            Public = true;
        }
        else if (d.Is("must-revalidate"))
        {
            MustRevalidate = true;
        }
        else if (d.Is("proxy-revalidate"))
        {
            ProxyRevalidate = true;
        }
        else if (d.Is("must-understand"))
        {
            MustUnderstand = true;
        }
        else if (d.Is("immutable"))
        {
            Immutable = true;
        }
        else if (d.Is("stale-while-revalidate") && !d.IsMalformed && DeltaSeconds.TryParse(d.Value, out var grace))
        {
            StaleWhileRevalidate ??= grace;
        }
        else if (d.Is("stale-if-error") && !d.IsMalformed && DeltaSeconds.TryParse(d.Value, out var keep))
        {
            StaleIfError ??= keep;
        }
    }

    /// <remarks>The first one counts where there are several (RFC 9111, 4.2.1).</remarks>
    private TimeSpan? Seconds(in Directives d, TimeSpan? before)
    {
        if (before is not null)
        {
            return before;
        }

        if (!d.IsMalformed && DeltaSeconds.TryParse(d.Value, out var span))
        {
            return span;
        }

        UnreadableAge = true;
        return TimeSpan.Zero;
    }

    /// <returns>False where it names no fields.</returns>
    private bool TakeFields(in Directives d)
    {
        if (d.Value.IsEmpty || d.IsMalformed)
        {
            return false;
        }

        var before = Fields?.Count ?? 0;
        foreach (var part in d.Value.Split(','))
        {
            var name = d.Value[part].Trim();
            if (!name.IsEmpty)
            {
                (Fields ??= []).Add(name.ToString());
            }
        }

        return (Fields?.Count ?? 0) > before;
    }
}
