using System.Reflection;
using System.Reflection.Metadata;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;

namespace ScriptProxy.Core.Generations;

/// <summary>What frameworks remember of types for ever, and so hold their assemblies; what serves their hot reload clears that too.</summary>
internal static class TypeCaches
{
    /// <summary>Has the types of a context forgotten. To be called when none of its code runs any more.</summary>
    // Not inlined: a type left on the caller's stack would hold the context.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Forget(AssemblyLoadContext context)
    {
        // Never null for all types: the runtime's own handler then loads every type of every assembly, a hundred megabytes.
        object[] types = [context.Assemblies.SelectMany(TypesOf).ToArray()];
        foreach (var assembly in AssemblyLoadContext.Default.Assemblies)
        {
            foreach (var handler in assembly.GetCustomAttributes<MetadataUpdateHandlerAttribute>())
            {
                handler.HandlerType
                    .GetMethod("ClearCache", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic, [typeof(Type[])])
                    ?.Invoke(null, types);
            }

            if (assembly.GetName().Name == TypeDescriptorCaches.AssemblyName)
            {
                TypeDescriptorCaches.Forget(context);
            }
        }
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException error)
        {
            // A library with types that need what is not there.
            return error.Types.OfType<Type>();
        }
    }
}
