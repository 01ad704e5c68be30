using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace ScriptProxy.Plugins;

/// <summary>Binds a section to a type of a plugin, and validates it.</summary>
/// <remarks>
/// Not by the framework's binder and <see cref="Validator"/>: they remember every type that they have seen (the binder through
/// TypeDescriptor), and so would keep the plugin's code in memory for ever.
/// </remarks>
internal sealed class PluginOptions
{
    private readonly List<string> _problems = [];

    private PluginOptions()
    {
    }

    internal static T Bind<T>(IConfiguration settings, string section, Func<T, string?>? validate)
        where T : class, new()
    {
        var options = new T();
        var binding = new PluginOptions();
        binding.Fill(options, settings, section);
        if (binding._problems.Count == 0 && validate?.Invoke(options) is { } problem)
        {
            binding._problems.Add($"{section}: {problem}");
        }

        return binding._problems.Count == 0 ? options : throw new PluginOptionsException(string.Join("; ", binding._problems));
    }

    private void Fill(object options, IConfiguration settings, string path)
    {
        var properties = options.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanRead && p.GetIndexParameters().Length == 0)
            .ToList();
        foreach (var given in settings.GetChildren())
        {
            var at = $"{path}:{given.Key}";
            if (properties.Find(p => p.Name.Equals(given.Key, StringComparison.OrdinalIgnoreCase)) is not { SetMethod.IsPublic: true } property)
            {
                _problems.Add($"{at}: there is no such option; there are: {string.Join(", ", properties.Select(p => p.Name))}");
            }
            else if (Read(property.PropertyType, given, at) is { } value)
            {
                property.SetValue(options, value);
            }
        }

        foreach (var property in properties)
        {
            var context = Context(options, property.Name);
            context.MemberName = property.Name;
            var value = property.GetValue(options);
            Add($"{path}:{property.Name}", property.GetCustomAttributes<ValidationAttribute>().Select(rule => rule.GetValidationResult(value, context)));
        }

        if (_problems.Count == 0 && options is IValidatableObject validatable)
        {
            Add(path, validatable.Validate(Context(options, path)));
        }
    }

    /// <returns>Null where there is nothing, or what there is is wrong.</returns>
    private object? Read(Type type, IConfigurationSection given, string path)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (Parser(type) is { } parse)
        {
            return given.Value is { } text ? Parse(type, parse, text, path) : null;
        }

        if (type.IsArray || (type.IsGenericType && type.GetGenericArguments() is [var only] && type.IsAssignableFrom(typeof(List<>).MakeGenericType(only))))
        {
            var element = type.IsArray ? type.GetElementType()! : type.GetGenericArguments()[0];
            var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
            foreach (var value in given.GetChildren().Select(child => Read(element, child, $"{path}:{child.Key}")).Where(value => value is not null))
            {
                list.Add(value);
            }

            if (!type.IsArray)
            {
                return list;
            }

            var array = Array.CreateInstance(element, list.Count);
            list.CopyTo(array, 0);
            return array;
        }

        if (type.IsGenericType && type.GetGenericArguments() is [var key, var item] && key == typeof(string)
            && typeof(Dictionary<,>).MakeGenericType(key, item) is var made && type.IsAssignableFrom(made))
        {
            var map = (IDictionary)Activator.CreateInstance(made)!;
            foreach (var child in given.GetChildren())
            {
                map[child.Key] = Read(item, child, $"{path}:{child.Key}");
            }

            return map;
        }

        if (type.IsClass && type.GetConstructor(Type.EmptyTypes) is not null)
        {
            var nested = Activator.CreateInstance(type)!;
            Fill(nested, given, path);
            return nested;
        }

        _problems.Add($"{path}: options of the type {type.Name} cannot be set");
        return null;
    }

    private object? Parse(Type type, Func<string, object> parse, string text, string path)
    {
        try
        {
            return parse(text);
        }
        catch (Exception error) when (error is FormatException or OverflowException or ArgumentException or InvalidCastException)
        {
            _problems.Add($"{path}: '{text}' is no {(type.IsEnum ? string.Join(", ", Enum.GetNames(type)) : type.Name)}");
            return null;
        }
    }

    private static Func<string, object>? Parser(Type type)
    {
        var culture = CultureInfo.InvariantCulture;
        return type switch
        {
            _ when type == typeof(string) => text => text,
            { IsEnum: true } => text => Enum.Parse(type, text, ignoreCase: true),
            { IsPrimitive: true } => text => Convert.ChangeType(text, type, culture),
            _ when type == typeof(decimal) => text => decimal.Parse(text, culture),
            _ when type == typeof(TimeSpan) => text => TimeSpan.Parse(text, culture),
            _ when type == typeof(DateTimeOffset) => text => DateTimeOffset.Parse(text, culture),
            _ when type == typeof(Guid) => text => Guid.Parse(text, culture),
            _ when type == typeof(Uri) => text => new Uri(text, UriKind.RelativeOrAbsolute),
            _ => null,
        };
    }

    private void Add(string path, IEnumerable<ValidationResult?> results) =>
        _problems.AddRange(results.Where(result => result != ValidationResult.Success).Select(result => $"{path}: {result!.ErrorMessage ?? "is wrong"}"));

    // With its name given, nothing looks up the type's attributes in a cache that lasts.
    private static ValidationContext Context(object options, string name) => new(options) { DisplayName = name };
}

/// <summary>The options of a plugin are wrong; the message says it all.</summary>
internal sealed class PluginOptionsException(string message) : InvalidOperationException(message);
