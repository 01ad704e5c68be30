using Microsoft.AspNetCore.Routing.Patterns;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>What ASP.NET's routing would find out at the first request, told before anything goes live.</summary>
internal sealed class RouteChecks(Diagnostics found)
{
    internal void Check(IReadOnlyList<RouteModel> routes)
    {
        var seen = new Dictionary<string, RouteModel>(StringComparer.OrdinalIgnoreCase);
        foreach (var route in routes)
        {
            string shape;
            try
            {
                shape = Shape(RoutePatternFactory.Parse(route.Pattern));
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

            IReadOnlyList<string> methods = route.Methods.Count == 0 ? ["*"] : route.Methods;
            foreach (var method in methods)
            {
                var key = string.Join('\n', shape, Hosts(route), method, string.Join(',', route.Headers.Order()), string.Join(',', route.Query.Order()), route.Order);
                if (!seen.TryAdd(key, route))
                {
                    found.Error(
                        route.Source,
                        "SP1010",
                        $"the route '{route.Pattern}' is there already, at {seen[key].Source}",
                        "give one of them another host, method, header, query or order");
                    break;
                }
            }
        }
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
