using System.Collections;
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace ScriptProxy.Core.Generations;

/// <summary>Has TypeDescriptor forget the types of a context.</summary>
/// <remarks>
/// Its own Refresh empties what it knows of a type, but keeps the type as a key, in two tables: which types have a default provider, and what
/// the provider for all objects has reflected. Libraries such as Newtonsoft.Json ask it for every type that they meet. The tables are private: they
/// are found by their kind, and where a later framework has others, the context stays in memory and the log names the plugin.
/// </remarks>
internal static class TypeDescriptorCaches
{
    internal const string AssemblyName = "System.ComponentModel.TypeConverter";

    // Apart, so that the assembly is not loaded for this alone.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Forget(AssemblyLoadContext context)
    {
        Forget(typeof(TypeDescriptor), owner: null, context);

        // Providers wrap one another; the innermost one reflects.
        for (object? provider = TypeDescriptor.GetProvider(typeof(object)); provider is not null; provider = Inner(provider))
        {
            Forget(provider.GetType(), provider, context);
        }
    }

    private static void Forget(Type type, object? owner, AssemblyLoadContext context)
    {
        foreach (var field in FieldsOf(type, owner))
        {
            if (field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(ConcurrentDictionary<,>) && field.GetValue(owner) is IDictionary table)
            {
                foreach (var key in table.Keys.OfType<Type>().Where(t => IsOf(t, context)).ToList())
                {
                    table.Remove(key);
                }
            }
        }
    }

    private static object? Inner(object provider) => FieldsOf(provider.GetType(), provider)
        .Where(f => typeof(TypeDescriptionProvider).IsAssignableFrom(f.FieldType) && f.Name == "Provider")
        .Select(f => f.GetValue(provider))
        .FirstOrDefault(p => p != provider);

    private static FieldInfo[] FieldsOf(Type type, object? owner) =>
        type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | (owner is null ? BindingFlags.Static : BindingFlags.Instance));

    // A closed generic type of the framework's belongs to what it is closed over.
    private static bool IsOf(Type type, AssemblyLoadContext context) =>
        AssemblyLoadContext.GetLoadContext(type.Assembly) == context
        || (type.GetElementType() is { } element && IsOf(element, context))
        || (type.IsGenericType && type.GetGenericArguments().Any(a => IsOf(a, context)));
}
