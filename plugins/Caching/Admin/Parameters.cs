using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Caching.Admin;

/// <summary>What an operator asks for cannot be done as it is written; the message says why.</summary>
internal sealed class BadParameterException(string message) : Exception(message);

/// <summary>A query of which every word is known: a mistyped one that was passed over would purge more than was meant.</summary>
internal sealed class Parameters
{
    private readonly IQueryCollection _query;

    /// <exception cref="BadParameterException">Something else is in it, or something twice, or empty.</exception>
    internal Parameters(IQueryCollection query, params string[] known)
    {
        _query = query;
        foreach (var (name, values) in query)
        {
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                throw new BadParameterException($"there is no parameter '{name}'; there are: {string.Join(", ", known)}");
            }

            if (values.Count > 1)
            {
                throw new BadParameterException($"{name} is given {values.Count} times; once is what is taken");
            }

            if (string.IsNullOrEmpty(values[0]))
            {
                throw new BadParameterException($"{name} is empty");
            }
        }
    }

    internal string? Text(string name) => _query[name] is [{ } text] ? text : null;

    /// <exception cref="BadParameterException">It is neither true nor false.</exception>
    internal bool IsTrue(string name) => Text(name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw new BadParameterException($"{name} is true or false, not '{other}'"),
    };

    /// <summary>In the spelling of the keys; null where it is not given.</summary>
    /// <exception cref="BadParameterException">It is no absolute URL.</exception>
    internal string? Url(string name) => Text(name) is not { } text ? null
        : Engine.Keys.Parse(text) ?? throw new BadParameterException($"{name} '{text}' is no URL: write scheme, host, path and query as clients ask for them, https://shop.example/a?b=c");

    /// <summary>In the spelling of the keys; null where it is not given.</summary>
    /// <exception cref="BadParameterException">No URL begins like that.</exception>
    internal string? Prefix(string name) => Text(name) is not { } text ? null
        : Engine.Keys.Prefix(text) ?? throw new BadParameterException($"{name} '{text}' begins no URL: write it with scheme and host, https://shop.example/a");
}
