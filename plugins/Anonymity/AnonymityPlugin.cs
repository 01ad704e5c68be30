using ScriptProxy.Plugins;

namespace ScriptProxy.Anonymizing;

/// <summary>Gives scripts Anonymize(...), and hangs what it promised on the phases of those routes that it was said for.</summary>
public sealed class AnonymityPlugin : IGatewayPlugin
{
    private readonly Dictionary<(TimeSpan Period, string? Secret), Pseudonyms> _pseudonyms = [];

    /// <inheritdoc />
    public void Register(PluginBuilder plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        if (plugin.Settings.GetChildren().Any())
        {
            AnonymityVerbs.Defaults.Set(plugin.Options<AnonymityOptions>(o => o.Problem()));
        }

        plugin.Import(typeof(AnonymityVerbs).FullName!);
        plugin.Composed(route => Compose(route, plugin.Time));
    }

    private void Compose(ComposedRoute route, TimeProvider time)
    {
        if (route.Get(AnonymityVerbs.Wishes) is not { DoesNothing: false } wish)
        {
            route.Privacy(PrivacyTable.OfTransparent);
            return;
        }

        var address = new PublicAddress(route, wish.Options);
        Policy At(Anonymity level) => new(level, wish.Options, PseudonymsFor(wish.Options, time), address);
        if (wish.Choose is { } choose)
        {
            var choice = new Choice(choose, At(Anonymity.Anonymous), At(Anonymity.Elite));
            route.Privacy(() => choice.Facts());
            Hang(route, wish.Options, address, choice.For);
            RedactLogs(route, choice.ForLog);
        }
        else
        {
            var policy = At(wish.Level);
            route.Privacy(() => PrivacyTable.Of(policy));
            Hang(route, wish.Options, address, _ => policy);
            RedactLogs(route, _ => policy);
        }
    }

    private static void Hang(ComposedRoute route, AnonymityOptions options, PublicAddress address, Func<ExchangeContext, Policy?> policyOf)
    {
        if (route.Servers.Count > 0)
        {
            route.Last.UpstreamRequest(u =>
            {
                if (policyOf(u) is { } policy)
                {
                    OutgoingRequest.Rewrite(policy, u);
                }
            });
        }

        route.First.HeaderFilter(h =>
        {
            if (policyOf(h) is { } policy)
            {
                Answer.Clean(policy, h);
            }
        });
        if (options.RewriteBodies)
        {
            address.LookInBodies();
            route.First.BodyFilter(b =>
            {
                if (policyOf(b) is { } policy)
                {
                    Answer.Clean(policy, b);
                }
            });
        }

        // Where nobody writes anything down, nothing has to be hidden.
        if (route.Phases.Contains("Log", StringComparer.Ordinal))
        {
            route.First.Log(l =>
            {
                if (policyOf(l) is { } policy)
                {
                    LogView.Put(policy, l);
                }
            });
        }
    }

    private static void RedactLogs(ComposedRoute route, Func<ExchangeContext, Policy?> policyOf) =>
        route.RedactLogs(context => policyOf(context) is { } policy ? LogSecrets.Of(policy, context).Redact : static text => text);

    private Pseudonyms PseudonymsFor(AnonymityOptions options, TimeProvider time)
    {
        var key = (options.PseudonymPeriod, options.PseudonymSecret);
        if (!_pseudonyms.TryGetValue(key, out var pseudonyms))
        {
            _pseudonyms[key] = pseudonyms = new Pseudonyms(options, time, Gateway.Shared("Plugins:Anonymity"));
        }

        return pseudonyms;
    }
}
