using System.Runtime.CompilerServices;
using ScriptProxy.Anonymizing;
using ScriptProxy.Plugins;

namespace ScriptProxy;

/// <summary>What plugins/Anonymity adds to the language. What a route says holds there; what the gateway says, elsewhere and where no route is found.</summary>
public static class AnonymityVerbs
{
    internal static readonly CompositionKey<AnonymityOptions> Defaults = new("the options of Plugins:Anonymity");

    internal static readonly CompositionKey<Wish> Wishes = new("Anonymize");

    /// <summary>Says for the whole gateway who learns what.</summary>
    /// <param name="level">The level.</param>
    /// <param name="options">In the place of those of appsettings.json; those unless given.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    [OverloadResolutionPriority(1)]
    public static void Anonymize(Anonymity level, AnonymityOptions? options) => Wishes.Set(Wish.Of(level, options));

    /// <summary>Says for the whole gateway who learns what.</summary>
    /// <param name="level">The level.</param>
    /// <param name="configure">Changes the options of appsettings.json.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static void Anonymize(Anonymity level, Action<AnonymityOptions>? configure = null) => Wishes.Set(Wish.Of(level, configure));

    /// <summary>Decides for each request of the gateway who learns what.</summary>
    /// <param name="level">Asked once for a request, when it first matters: for UpstreamRequest, or the answer.</param>
    /// <param name="configure">Changes the options of appsettings.json.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static void Anonymize(Func<ExchangeContext, Anonymity> level, Action<AnonymityOptions>? configure = null) => Wishes.Set(Wish.Of(level, configure));

    /// <summary>Says for a route who learns what.</summary>
    /// <param name="route">The route.</param>
    /// <param name="level">The level.</param>
    /// <param name="options">In the place of those of appsettings.json; those unless given.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    [OverloadResolutionPriority(1)]
    public static RouteBuilder Anonymize(this RouteBuilder route, Anonymity level, AnonymityOptions? options) => Say(route, Wish.Of(level, options));

    /// <summary>Says for a route who learns what.</summary>
    /// <param name="route">The route.</param>
    /// <param name="level">The level.</param>
    /// <param name="configure">Changes the options of appsettings.json.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static RouteBuilder Anonymize(this RouteBuilder route, Anonymity level, Action<AnonymityOptions>? configure = null) => Say(route, Wish.Of(level, configure));

    /// <summary>Decides for each request of a route who learns what.</summary>
    /// <param name="route">The route.</param>
    /// <param name="level">Asked once for a request, when it first matters: for UpstreamRequest, or the answer.</param>
    /// <param name="configure">Changes the options of appsettings.json.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public static RouteBuilder Anonymize(this RouteBuilder route, Func<ExchangeContext, Anonymity> level, Action<AnonymityOptions>? configure = null) =>
        Say(route, Wish.Of(level, configure));

    private static RouteBuilder Say(RouteBuilder route, Wish wish)
    {
        Wishes.Set(route, wish);
        return route;
    }
}
