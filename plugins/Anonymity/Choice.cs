using ScriptProxy.Plugins;

namespace ScriptProxy.Anonymizing;

/// <summary>A level chosen by a function of the script, once for a request.</summary>
internal sealed class Choice(Func<ExchangeContext, Anonymity> choose, Policy anonymous, Policy elite)
{
    private static readonly Made Nothing = new(null);

    private readonly ExchangeKey<Made?> _made = new("Anonymize");
    private readonly Made _anonymous = new(anonymous);
    private readonly Made _elite = new(elite);

    /// <returns>Null for <see cref="Anonymity.Transparent"/>.</returns>
    internal Policy? For(ExchangeContext context)
    {
        if (context.Get(_made) is { } made)
        {
            return made.Policy;
        }

        made = choose(context) switch
        {
            Anonymity.Transparent => Nothing,
            Anonymity.Anonymous => _anonymous,
            Anonymity.Elite => _elite,
            var other => throw new InvalidOperationException($"Anonymize: there is no level {other}"),
        };
        context.Set(_made, made);
        return made.Policy;
    }

    /// <summary>For what is logged before there is a choice: as if it fell on a level that hides, which is told the same way at each.</summary>
    internal Policy? ForLog(ExchangeContext context) => context.Get(_made) is { } made ? made.Policy : anonymous;

    internal IEnumerable<PrivacyFact> Facts() =>
    [
        .. PrivacyTable.Of(anonymous).Zip(PrivacyTable.Of(elite), (a, e) =>
            a.Becomes == e.Becomes ? new PrivacyFact(a.Towards, a.Field, a.Becomes == "kept" ? "kept" : $"kept, or {a.Becomes}") : new PrivacyFact(a.Towards, a.Field, $"kept, or {a.Becomes}, or {e.Becomes}")),
    ];

    private sealed record Made(Policy? Policy);
}
