using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Routing.Patterns;
using ScriptProxy.Core.Files;
using ScriptProxy.Core.Net;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Folds a composition into pipelines, and tells everything that does not fit together.</summary>
internal sealed class Folding(
    GatewayModel model, IReadOnlyList<ListenerTls> listeners, SharedState shared, Balancers balancers, PhaseFiles phaseFiles, Diagnostics found, string baseFolder, List<IDisposable> owned, ITrace? trace)
{
    private static readonly TimeSpan DefaultBudget = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Upstream> _upstreams = new(StringComparer.OrdinalIgnoreCase);

    internal IReadOnlyList<Upstream> Upstreams => [.. _upstreams.Values];

    internal (List<(RouteModel Model, RoutePipeline Pipeline)> Routes, RoutePipeline NoRoute, PhaseHandler<RewriteContext, Verdict>[]? Rewrite) Fold()
    {
        CheckBudgets();
        var upstreams = new UpstreamFactory(shared, listeners, balancers, found, baseFolder, owned);
        foreach (var upstream in model.Upstreams)
        {
            if (_upstreams.ContainsKey(upstream.Name))
            {
                found.Error(found.Find("Upstream", upstream.Name), "SP1011", $"the upstream '{upstream.Name}' is there twice");
            }
            else if (upstreams.Create(upstream) is { } made)
            {
                _upstreams.Add(upstream.Name, made);
            }
        }

        var rewrite = Handlers("Rewrite", [model.Phases], p => p.Rewrite);
        var routes = new List<(RouteModel Model, RoutePipeline Pipeline)>();
        using (var checks = new RouteChecks(found))
        {
            checks.Check(model.Routes);
        }

        foreach (var route in model.Routes)
        {
            routes.Add((route, Pipeline(route, upstreams)));
        }

        CheckPeersByHand();
        return (routes, Pipeline(RouteInfo.None, model.NoRoute, upstream: null), rewrite);
    }

    /// <param name="plugin">Whose they are.</param>
    /// <param name="supplied">As the plugin gave them.</param>
    internal IEnumerable<AdminHandler> Admin(string plugin, IEnumerable<(string Method, string Path, Handler<ContentContext, Verdict> Handler)> supplied) =>
        supplied.Select(s => new AdminHandler(s.Method, $"/plugins/{plugin}{s.Path}", Handlers("Admin", [], p => p.Content, [s.Handler])!));

    /// <summary>For admin listeners: none of the gateway's handlers.</summary>
    internal RoutePipeline AdminPipeline() => new() { Info = RouteInfo.None, MaxRequestBody = model.Limits.RequestBody };

    internal CertificatePhase? Certificates()
    {
        var handlers = model.Certificates
            .Select(h => (Handler: h.File is { } file ? phaseFiles.Resolve<CertificateContext, X509Certificate2>(file, h.Source) : h, Budget: Budget("Certificate", h.File)))
            .Where(h => h.Handler is not null)
            .Select(h => (h.Handler!, h.Budget))
            .ToList();
        return handlers.Count == 0 ? null : new CertificatePhase(handlers);
    }

    internal TrustedProxies Trusted()
    {
        try
        {
            return TrustedProxies.Parse(model.Trusted.Select(t => t.Range));
        }
        catch (FormatException error)
        {
            var bad = model.Trusted.Find(t => error.Message.Contains(t.Range, StringComparison.Ordinal));
            found.Error(bad.Source, "SP1012", error.Message);
            return TrustedProxies.None;
        }
    }

    private RoutePipeline Pipeline(RouteModel route, UpstreamFactory upstreams)
    {
        Upstream? upstream = null;
        if (route.Upstream is var (name, at) && !_upstreams.TryGetValue(name, out upstream))
        {
            if (name.Contains("://", StringComparison.Ordinal))
            {
                var single = new UpstreamModel(name);
                single.Peers.Add(new PeerModel(name, at));
                upstream = upstreams.Create(single);
                if (upstream is not null)
                {
                    _upstreams.Add(name, upstream);
                }
            }
            else if (!model.Upstreams.Exists(u => u.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                var hint = Diagnostics.Nearest(name, model.Upstreams.Select(u => u.Name))
                    ?? (name.Contains(':', StringComparison.Ordinal) ? $"for a single server write \"http://{name}\"" : null)
                    ?? (model.Upstreams.Count == 0 ? "declare it: Upstream(\"" + name + "\", \"http://host:port\")" : null);
                found.Error(at, "SP1003", $"there is no upstream '{name}'", hint);
            }
        }

        if (route is { Cache: null, Phases.Lookup: [var lookup, ..] })
        {
            found.Warning(lookup.Source, "SP1031", $"the route '{route.Pattern}' has a Lookup handler and no cache: it decides nothing", "add .Cache() to the route");
        }

        var info = new RouteInfo(route.Pattern, upstream?.Name, ScriptPaths.Display(route.Source, baseFolder));
        route.Info = info;
        return Pipeline(info, route, upstream);
    }

    private RoutePipeline Pipeline(RouteInfo info, RouteModel route, Upstream? upstream)
    {
        PhaseSet[] own = [route.First, route.Phases, route.Last];
        PhaseSet[] all = [route.First, model.Phases, route.Phases, route.Last];
        return new RoutePipeline
        {
            Info = info,
            Rewrite = Handlers("Rewrite", own, p => p.Rewrite),
            Access = Handlers("Access", all, p => p.Access),
            Content = Handlers("Content", all, p => p.Content),
            Lookup = Handlers("Lookup", all, p => p.Lookup),
            Balancer = Handlers("Balancer", all, p => p.Balancer, OwnPolicy(upstream)),
            AttemptEnded = OutcomeHandler(upstream),
            RequestBodyFilter = Handlers("RequestBodyFilter", all, p => p.RequestBodyFilter),
            UpstreamRequest = Handlers("UpstreamRequest", all, p => p.UpstreamRequest),
            UpstreamResponse = Handlers("UpstreamResponse", all, p => p.UpstreamResponse),
            HeaderFilter = Handlers("HeaderFilter", all, p => p.HeaderFilter),
            BodyFilter = Handlers("BodyFilter", all, p => p.BodyFilter),
            Error = Handlers("Error", all, p => p.Error),
            Log = Handlers("Log", all, p => p.Log),
            RedactLogs = route.RedactLogs,
            Upstream = upstream,
            Cache = route.Cache?.Cache,
            Files = route.Files is var (root, fallback, at) ? Files(root, fallback, at) : null,
            CatchAll = found.HasErrors ? null : RoutePatternFactory.Parse(route.Pattern).Parameters.FirstOrDefault(p => p.IsCatchAll)?.Name,
            MaxRequestBody = route.MaxRequestBody ?? model.Limits.RequestBody,
            StripPrefix = route.StripPrefix,
            Timeout = route.Timeout,
        };
    }

    /// <param name="phase">Its name, for budgets and messages.</param>
    /// <param name="sets">Whose handlers run, in this order.</param>
    /// <param name="of">The handlers of the phase.</param>
    /// <param name="more">Run after all others.</param>
    private PhaseHandler<TContext, TAnswer>[]? Handlers<TContext, TAnswer>(
        string phase, IEnumerable<PhaseSet> sets, Func<PhaseSet, List<Handler<TContext, TAnswer>>> of, IEnumerable<Handler<TContext, TAnswer>>? more = null)
        where TContext : class
    {
        var handlers = new List<PhaseHandler<TContext, TAnswer>>();
        foreach (var handler in sets.SelectMany(of).Concat(more ?? []))
        {
            var called = handler.File is { } file ? phaseFiles.Resolve<TContext, TAnswer>(file, handler.Source) : handler;
            if (called is not null)
            {
                var told = trace is null ? called : new TracedHandler<TContext, TAnswer>(called, phase, trace);
                handlers.Add(new PhaseHandler<TContext, TAnswer>(told, phase, Budget(phase, handler.File)));
            }
        }

        return handlers.Count == 0 ? null : [.. handlers];
    }

    /// <summary>A policy that a script wrote is script code: it is called as a handler is, after all others of its phase.</summary>
    private static IEnumerable<Handler<BalancerContext, Peer>> OwnPolicy(Upstream? upstream) =>
        upstream is { Model: { OwnPolicy: { } policy } written } ? [new OwnPolicyHandlers.Choice(policy, written.PolicySource)] : [];

    private PhaseHandler<BalancerContext, Nothing>? OutcomeHandler(Upstream? upstream) =>
        upstream is { Model: { OwnPolicy: { } policy } written } && Upstream.Listens(policy)
            ? new(new OwnPolicyHandlers.Outcome(policy, written.PolicySource), "Balancer", Budget("Balancer", file: null))
            : null;

    private StaticFiles? Files(string root, string? fallback, ScriptLocation at)
    {
        try
        {
            return new StaticFiles(new StaticFilesOptions(Path.GetFullPath(root, baseFolder)) { Fallback = fallback });
        }
        catch (StaticFilesException error)
        {
            found.Error(at, "SP1013", error.Message);
            return null;
        }
    }

    /// <summary>The narrowest budget that was given: the file's, the phase's, everybody's.</summary>
    private TimeSpan Budget(string phase, string? file)
    {
        var path = file is null ? null : Path.GetFullPath(file, baseFolder);
        var given = model.Budgets.FindLast(b => b.Script is not null && Path.GetFullPath(b.Script, baseFolder) == path);
        given = given.Budget > TimeSpan.Zero ? given : model.Budgets.FindLast(b => b.Script is null && Same(b.Phase, phase));
        given = given.Budget > TimeSpan.Zero ? given : model.Budgets.FindLast(b => b.Script is null && b.Phase is null);
        return given.Budget > TimeSpan.Zero ? given.Budget : DefaultBudget;
    }

    private void CheckPeersByHand()
    {
        var known = _upstreams.Values.SelectMany(u => u.Peers).Select(p => PeerStates.Key(p.Address)).ToHashSet(StringComparer.Ordinal);
        foreach (var (address, _) in model.PeersByHand.Where(p => !found.HasErrors && !known.Contains(PeerStates.Key(p.Address))))
        {
            found.Error(found.Find("Peer", address.OriginalString), "SP1018", $"no upstream has the peer '{address.OriginalString}'", Diagnostics.Nearest(address.OriginalString, known));
        }
    }

    private void CheckBudgets()
    {
        var phases = model.Phases.All().Select(p => p.Phase).Append("Certificate").ToList();
        foreach (var (phase, script, _, source) in model.Budgets)
        {
            if (script is not null)
            {
                phaseFiles.IsThere(script, source);
            }

            if (phase is not null && !phases.Exists(p => Same(p, phase)))
            {
                found.Error(source, "SP1014", $"there is no phase '{phase}'", Diagnostics.Nearest(phase, phases));
            }
        }
    }

    private static bool Same(string? a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
