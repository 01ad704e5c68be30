using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace ScriptProxy.Plugins;

/// <summary>Binds a section to a type of a plugin, and validates it.</summary>
/// <remarks>Not by <see cref="Validator"/>: it remembers every type that it has seen, and so would keep the plugin's code in memory for ever.</remarks>
internal static class PluginOptions
{
    internal static T Bind<T>(IConfiguration settings, string section, Func<T, string?>? validate)
        where T : class, new()
    {
        var options = new T();
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanRead && p.GetIndexParameters().Length == 0).ToList();
        var problems = settings.GetChildren()
            .Where(given => !properties.Exists(p => p.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase)))
            .Select(given => $"{section}:{given.Key}: there is no such option; there are: {string.Join(", ", properties.Select(p => p.Name))}")
            .ToList();
        try
        {
            settings.Bind(options);
        }
        catch (InvalidOperationException error)
        {
            problems.Add($"{section}: {error.Message}");
        }

        foreach (var property in properties)
        {
            problems.AddRange(Check(options, property).Select(problem => $"{section}:{property.Name}: {problem}"));
        }

        if (problems.Count == 0 && options is IValidatableObject validatable)
        {
            problems.AddRange(validatable.Validate(Context(options, section)).Select(result => $"{section}: {result.ErrorMessage}"));
        }

        if (problems.Count == 0 && validate?.Invoke(options) is { } problem)
        {
            problems.Add($"{section}: {problem}");
        }

        return problems.Count == 0 ? options : throw new PluginOptionsException(string.Join("; ", problems));
    }

    private static IEnumerable<string> Check(object options, PropertyInfo property)
    {
        var context = Context(options, property.Name);
        context.MemberName = property.Name;
        var value = property.GetValue(options);
        return property.GetCustomAttributes<ValidationAttribute>()
            .Select(attribute => attribute.GetValidationResult(value, context))
            .Where(result => result != ValidationResult.Success)
            .Select(result => result!.ErrorMessage ?? "is wrong");
    }

    // With its name given, nothing looks up the type's attributes in a cache that lasts.
    private static ValidationContext Context(object options, string name) => new(options) { DisplayName = name };
}

/// <summary>The options of a plugin are wrong; the message says it all.</summary>
internal sealed class PluginOptionsException(string message) : InvalidOperationException(message);
