using System.Runtime.CompilerServices;

namespace ScriptProxy;

/// <summary>A name for typed state that lives as long as the request, over all phases and Exec (OpenResty's ngx.ctx).</summary>
/// <typeparam name="T">The type of the state.</typeparam>
/// <param name="name">Keys of one name and type name the same state, in whichever file they stand.</param>
/// <param name="initial">What reading gives before anything was written; default(T) unless given.</param>
/// <example><code>static readonly ExchangeKey&lt;int&gt; Tries = new("tries");   // r[Tries]++</code></example>
public sealed class ExchangeKey<T>(string name, T initial = default!) : IExchangeKey
{
    /// <summary>The name given.</summary>
    public string Name { get; } = name;

    /// <summary>The value before the first write.</summary>
    public T Initial { get; } = initial;

    Type IExchangeKey.Type => typeof(T);

    object? IExchangeKey.Value(object box) => ((StrongBox<T>)box).Value;

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>A key, whatever its type.</summary>
internal interface IExchangeKey
{
    string Name { get; }

    Type Type { get; }

    object? Value(object box);
}
