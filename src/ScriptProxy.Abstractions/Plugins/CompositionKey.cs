using ScriptProxy.Runtime;

namespace ScriptProxy.Plugins;

/// <summary>A name for what a plugin's verbs say of the gateway or of a route while these are composed. What a route says holds there, what the gateway says elsewhere.</summary>
/// <typeparam name="T">What is said.</typeparam>
/// <param name="name">Shown in diagnostics; two keys of one name are still two keys.</param>
/// <example><code>public static RouteBuilder Greet(this RouteBuilder route, string word) { Greeting.Set(route, word); return route; }   // read in Composed</code></example>
public sealed class CompositionKey<T>(string name)
    where T : class
{
    /// <summary>The name given.</summary>
    public string Name { get; } = name;

    /// <summary>Says it of the gateway: in Register, or in a verb that a script calls while it loads. The last word holds.</summary>
    /// <param name="value">What is said.</param>
    /// <exception cref="InvalidOperationException">Nothing is composed now.</exception>
    public void Set(T value) => Composition.Said[this] = value ?? throw new ArgumentNullException(nameof(value));

    /// <summary>Says it of a route. The last word holds.</summary>
    /// <param name="route">The route.</param>
    /// <param name="value">What is said.</param>
    public void Set(RouteBuilder route, T value)
    {
        ArgumentNullException.ThrowIfNull(route);
        route.Model.Said[this] = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>What was said of the gateway so far; null for nothing.</summary>
    /// <exception cref="InvalidOperationException">Nothing is composed now.</exception>
    public T? Get() => Of(Composition.Said);

    /// <inheritdoc />
    public override string ToString() => Name;

    internal T? Of(Dictionary<object, object> said) => said.GetValueOrDefault(this) as T;

    private static GatewayModel Composition => ScriptScope.Current?.Composition
        ?? throw new InvalidOperationException("This is said while proxy.csx loads, not by a handler that runs.");
}
