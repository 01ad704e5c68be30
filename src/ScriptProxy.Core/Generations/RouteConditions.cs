using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Matching;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Generations;

/// <summary>"Name" must be there, "Name=value" must have that value, "!Name" must not be there.</summary>
internal sealed record RouteCondition(string Name, string? Value, bool Absent)
{
    internal static RouteCondition Parse(string text)
    {
        if (text.StartsWith('!'))
        {
            return new RouteCondition(text[1..].Trim(), null, Absent: true);
        }

        var sign = text.IndexOf('=', StringComparison.Ordinal);
        return sign < 0
            ? new RouteCondition(text, null, Absent: false)
            : new RouteCondition(text[..sign].Trim(), text[(sign + 1)..].Trim(), Absent: false);
    }

    internal bool Holds(StringValues values, StringComparison comparison)
    {
        if (Absent)
        {
            return values.Count == 0;
        }

        if (Value is null)
        {
            return values.Count > 0;
        }

        foreach (var value in values)
        {
            if (string.Equals(value, Value, comparison))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The headers and query values that a route asks for.</summary>
internal sealed record RouteConditions(IReadOnlyList<RouteCondition> Headers, IReadOnlyList<RouteCondition> Query)
{
    internal bool Hold(HttpRequest request)
    {
        foreach (var condition in Headers)
        {
            if (!condition.Holds(request.Headers[condition.Name], StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        foreach (var condition in Query)
        {
            if (!condition.Holds(request.Query[condition.Name], StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Among routes of one pattern, those with more conditions come first.</summary>
internal sealed class ConditionMatcherPolicy : MatcherPolicy, IEndpointComparerPolicy, IEndpointSelectorPolicy
{
    public override int Order => 500;

    public IComparer<Endpoint> Comparer { get; } =
        Comparer<Endpoint>.Create(static (a, b) => Count(b).CompareTo(Count(a)));

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
        {
            if (Count(endpoint) > 0)
            {
                return true;
            }
        }

        return false;
    }

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (candidates.IsValidCandidate(i)
                && candidates[i].Endpoint.Metadata.GetMetadata<RouteConditions>() is { } conditions
                && !conditions.Hold(httpContext.Request))
            {
                candidates.SetValidity(i, value: false);
            }
        }

        return Task.CompletedTask;
    }

    private static int Count(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<RouteConditions>() is { } conditions ? conditions.Headers.Count + conditions.Query.Count : 0;
}
