namespace ScriptProxy.Anonymizing;

/// <summary>What a script said of the gateway or of a route.</summary>
/// <param name="Level">The level; what is chosen from where there is a choice.</param>
/// <param name="Choose">Chooses the level of a request; null where it is always the same.</param>
/// <param name="Options">Checked.</param>
internal sealed record Wish(Anonymity Level, Func<ExchangeContext, Anonymity>? Choose, AnonymityOptions Options)
{
    internal bool DoesNothing => Choose is null && Level == Anonymity.Transparent;

    internal static Wish Of(Anonymity level, Action<AnonymityOptions>? configure) => new(Known(level), null, Configured(configure));

    internal static Wish Of(Anonymity level, AnonymityOptions? options) => new(Known(level), null, options is null ? Configured(null) : Checked(options.Copy()));

    internal static Wish Of(Func<ExchangeContext, Anonymity> level, Action<AnonymityOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(level);
        return new Wish(default, level, Configured(configure));
    }

    private static Anonymity Known(Anonymity level) => Enum.IsDefined(level) ? level : throw new ArgumentOutOfRangeException(nameof(level), level, "There is no such level.");

    private static AnonymityOptions Configured(Action<AnonymityOptions>? configure)
    {
        var options = AnonymityVerbs.Defaults.Get()?.Copy() ?? new AnonymityOptions();
        configure?.Invoke(options);
        return Checked(options);
    }

    private static AnonymityOptions Checked(AnonymityOptions options) => options.Problem() is { } problem ? throw new ArgumentException(problem, nameof(options)) : options;
}
