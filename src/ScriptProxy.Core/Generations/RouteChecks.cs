using System.Buffers;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>What ASP.NET's routing would find out at the first request, told before anything goes live.</summary>
internal sealed class RouteChecks(Diagnostics found) : IDisposable
{
    private static readonly SearchValues<char> NoMethod = SearchValues.Create(" \t\r\n;|/\"(){}[]<>@:?=\\");

    private readonly Lazy<ServiceProvider> _constraints = new(static () => new ServiceCollection().AddRouting().BuildServiceProvider());

    internal void Check(IReadOnlyList<RouteModel> routes)
    {
        var seen = new Dictionary<string, RouteModel>(StringComparer.OrdinalIgnoreCase);
        foreach (var route in routes)
        {
            RoutePattern pattern;
            try
            {
                pattern = RoutePatternFactory.Parse(route.Pattern);
            }
            catch (RoutePatternException error)
            {
                found.Error(route.Source, "SP1006", $"the route pattern '{route.Pattern}' is wrong: {error.Message}");
                continue;
            }

            if (!route.Pattern.StartsWith('/') && route.Pattern.Length > 0)
            {
                found.Error(route.Source, "SP1006", $"the route pattern '{route.Pattern}' is wrong: it starts with '/'", $"write \"/{route.Pattern}\"");
                continue;
            }

            if (!HasGoodConstraints(route, pattern) || !HasGoodMethods(route))
            {
                continue;
            }

            var shape = Shape(pattern);
            IReadOnlyList<string> methods = route.Methods.Count == 0 ? ["*"] : route.Methods;
            foreach (var method in methods)
            {
                var key = string.Join('\n', shape, Hosts(route), method, string.Join(',', route.Headers.Order()), string.Join(',', route.Query.Order()), route.Order);
                if (!seen.TryAdd(key, route))
                {
                    found.Error(
                        route.Source,
                        "SP1010",
                        $"the route '{route.Pattern}' is there already, at {found.Display(seen[key].Source)}",
                        "give one of them another host, method, header, query or order");
                    break;
                }
            }
        }
    }

    public void Dispose()
    {
        if (_constraints.IsValueCreated)
        {
            _constraints.Value.Dispose();
        }
    }

    private bool HasGoodConstraints(RouteModel route, RoutePattern pattern)
    {
        foreach (var (parameter, policy) in pattern.Parameters.SelectMany(p => p.ParameterPolicies.Select(policy => (p, policy))))
        {
            try
            {
                _constraints.Value.GetRequiredService<ParameterPolicyFactory>().Create(parameter, policy);
            }
            catch (Exception error)
            {
                // Left to the router, this one route would fail every request of the gateway.
                var name = policy.Content?.Split('(')[0] ?? "";
                var known = _constraints.Value.GetRequiredService<IOptions<RouteOptions>>().Value.ConstraintMap.Keys;
                found.Error(
                    route.Source,
                    "SP1006",
                    known.Contains(name)
                        ? $"the route pattern '{route.Pattern}' is wrong: the constraint '{policy.Content}': {error.GetBaseException().Message}"
                        : $"the route pattern '{route.Pattern}' is wrong: there is no constraint '{name}'",
                    Diagnostics.Nearest(name, known));
                return false;
            }
        }

        return true;
    }

    private bool HasGoodMethods(RouteModel route)
    {
        var wrong = route.Methods.FirstOrDefault(m => m.AsSpan().ContainsAny(NoMethod));
        if (wrong is not null)
        {
            found.Error(route.Source, "SP1006", $"the route '{route.Pattern}': '{wrong}' is no method", "separate methods by commas: \"GET,HEAD\"");
        }

        return wrong is null;
    }

    private static string Hosts(RouteModel route) =>
        string.Join(',', (route.Host ?? "").ToUpperInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Order());

    /// <summary>The pattern without the names of its parameters: two that differ only in those match the same requests.</summary>
    private static string Shape(RoutePattern pattern) =>
        string.Join('/', pattern.PathSegments.Select(s => string.Concat(s.Parts.Select(Part))));

    private static string Part(RoutePatternPart part) => part switch
    {
        RoutePatternLiteralPart literal => literal.Content,
        RoutePatternSeparatorPart separator => separator.Content,
        RoutePatternParameterPart parameter =>
            "{" + (parameter.IsCatchAll ? "**" : "") + string.Join(':', parameter.ParameterPolicies.Select(p => p.Content)) + (parameter.IsOptional ? "?" : "") + "}",
        _ => "",
    };
}
