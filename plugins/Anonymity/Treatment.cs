using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Anonymizing;

/// <summary>What becomes of a header at a level.</summary>
/// <typeparam name="TContext">The phase's.</typeparam>
/// <param name="Becomes">For a person; may depend on options.</param>
/// <param name="Apply">Gives what it is from then on, nothing to remove it; null where it stays.</param>
internal sealed record Treatment<TContext>(Func<AnonymityOptions, Anonymity, string> Becomes, Func<Policy, TContext, string, StringValues, StringValues>? Apply)
{
    internal Treatment(string becomes, Func<Policy, TContext, string, StringValues, StringValues>? apply)
        : this((_, _) => becomes, apply)
    {
    }

    internal static Treatment<TContext> Kept { get; } = new("kept", null);

    internal static Treatment<TContext> Removed { get; } = new("removed", static (_, _, _, _) => StringValues.Empty);
}

/// <summary>A header that identifies somebody.</summary>
/// <param name="Name">A '*' at its end stands for any ending.</param>
/// <param name="Anonymous">At that level.</param>
/// <param name="Elite">At that level.</param>
internal sealed record Field<TContext>(string Name, Treatment<TContext> Anonymous, Treatment<TContext> Elite)
{
    internal Treatment<TContext> At(Anonymity level) => level == Anonymity.Elite ? Elite : Anonymous;
}

/// <summary>The treatments of one level, to be looked up by header.</summary>
internal sealed class Rules<TContext>
{
    private readonly Dictionary<string, (string Name, Treatment<TContext> Treatment)> _exact = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Beginning, Treatment<TContext> Treatment)> _beginnings = [];
    private readonly NameList _kept;

    internal Rules(IEnumerable<Field<TContext>> fields, Anonymity level, AnonymityOptions options)
    {
        _kept = new NameList(options.KeepHeaders, ignoreCase: true);
        var removed = options.RemoveHeaders.Select(name => new Field<TContext>(name, Treatment<TContext>.Removed, Treatment<TContext>.Removed));
        Fields = [.. removed.Concat(fields).DistinctBy(f => f.Name, StringComparer.OrdinalIgnoreCase)];
        foreach (var field in Fields)
        {
            if (field.Name.EndsWith('*'))
            {
                _beginnings.Add((field.Name[..^1], field.At(level)));
            }
            else
            {
                _exact.Add(field.Name, (field.Name, field.At(level)));
            }
        }
    }

    /// <summary>All that is known, for the table.</summary>
    internal IReadOnlyList<Field<TContext>> Fields { get; }

    /// <returns>Null where the header stays as it is.</returns>
    internal Func<Policy, TContext, string, StringValues, StringValues>? For(string header)
    {
        if (_exact.TryGetValue(header, out var exact))
        {
            return exact.Treatment.Apply is { } apply && !_kept.Contains(header) ? apply : null;
        }

        foreach (var (beginning, treatment) in _beginnings)
        {
            if (header.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                return treatment.Apply is { } apply && !_kept.Contains(header) ? apply : null;
            }
        }

        return null;
    }

    internal bool IsKept(string header) => _kept.Contains(header);

    /// <summary>The header's own writing where it is known; else each word with a capital letter.</summary>
    internal string Spelled(string header)
    {
        if (_exact.TryGetValue(header, out var exact))
        {
            return exact.Name;
        }

        return IsTrain(header) ? header : string.Create(header.Length, header, static (spelled, header) =>
        {
            for (var i = 0; i < spelled.Length; i++)
            {
                spelled[i] = i == 0 || header[i - 1] == '-' ? char.ToUpperInvariant(header[i]) : char.ToLowerInvariant(header[i]);
            }
        });
    }

    private static bool IsTrain(string header)
    {
        for (var i = 0; i < header.Length; i++)
        {
            if (i == 0 || header[i - 1] == '-' ? char.IsAsciiLetterLower(header[i]) : char.IsAsciiLetterUpper(header[i]))
            {
                return false;
            }
        }

        return true;
    }
}
