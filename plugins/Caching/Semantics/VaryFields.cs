using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Caching.Semantics;

/// <summary>Vary: which of a request's fields select an answer, and what they say once what makes no difference is taken away (RFC 9111, 4.1).</summary>
internal static class VaryFields
{
    /// <summary>The names in lower case, in order, each once.</summary>
    /// <returns>Null for "*": no other request ever selects this answer.</returns>
    internal static string[]? Read(StringValues lines)
    {
        if (lines.Count == 0)
        {
            return [];
        }

        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            foreach (var part in line.AsSpan().Split(','))
            {
                var name = line.AsSpan(part).Trim(" \t");
                if (name is "*")
                {
                    return null;
                }

                if (!name.IsEmpty)
                {
                    names.Add(name.ToString().ToLowerInvariant());
                }
            }
        }

        return [.. names];
    }

    /// <summary>What a request says in these fields, in a form that can be compared.</summary>
    internal static string Select(IReadOnlyList<string> names, IHeaderDictionary request)
    {
        if (names.Count == 0)
        {
            return "";
        }

        var made = new System.Text.StringBuilder();
        foreach (var name in names)
        {
            // A field that is not there differs from an empty one.
            made.Append(name);
            if (request.TryGetValue(name, out var lines))
            {
                made.Append('=').Append(Normalise(name, lines));
            }

            made.Append('\n');
        }

        return made.ToString();
    }

    /// <summary>A client that wants one language most, and an answer that is in that language: the origin would choose it again.</summary>
    internal static bool PrefersLanguage(IHeaderDictionary request, StringValues contentLanguage)
    {
        if (contentLanguage is not [{ Length: > 0 } language] || language.Contains(',', StringComparison.Ordinal))
        {
            return false;
        }

        var most = Weighted(request.AcceptLanguage).OrderByDescending(m => m.Weight).ToList();
        return most.Count > 0 && most[0].Weight > 0
            && (most.Count == 1 || most[1].Weight < most[0].Weight)
            && most[0].Name.Equals(language.Trim(), StringComparison.OrdinalIgnoreCase);
    }

    private static string Normalise(string name, StringValues lines) => name switch
    {
        "accept-language" or "accept-encoding" or "accept" or "accept-charset" => string.Join(',', Weighted(lines)
            .OrderBy(m => m.Name, StringComparer.Ordinal)
            .Select(m => m.Weight == 1000 ? m.Name : $"{m.Name};q={m.Weight}")),
        _ => string.Join(',', Members(lines)),
    };

    private static IEnumerable<string> Members(StringValues lines)
    {
        foreach (var line in lines)
        {
            var text = line ?? "";
            for (var at = 0; at < text.Length;)
            {
                var end = at + Directives.EndOfMember(text.AsSpan(at));
                var member = text.AsSpan(at, end - at).Trim(" \t");
                at = end + 1;
                if (!member.IsEmpty)
                {
                    yield return member.ToString();
                }
            }
        }
    }

    private static IEnumerable<(string Name, int Weight)> Weighted(StringValues lines)
    {
        foreach (var member in Members(lines))
        {
            var weight = 1000;
            var name = member;
            var at = member.LastIndexOf(";", StringComparison.Ordinal);
            if (at >= 0 && member.AsSpan(at + 1).Trim() is ['q' or 'Q', '=', .. var q]
                && double.TryParse(q, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var value))
            {
                weight = (int)Math.Round(Math.Clamp(value, 0, 1) * 1000);
                name = member[..at].TrimEnd();
            }

            yield return (name.ToLowerInvariant(), weight);
        }
    }
}
