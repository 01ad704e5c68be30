using System.Reflection;
using System.Text.RegularExpressions;

namespace ScriptProxy.Core.Scripting;

/// <summary>Gives methods the names that their author gave them.</summary>
/// <remarks>
/// The compiler names a state machine <c>&lt;Method&gt;d__1</c>, a lambda <c>&lt;Method&gt;b__0_1</c>, a local function <c>&lt;Method&gt;g__Name|0_1</c>,
/// the class of a closure <c>&lt;&gt;c__DisplayClass0_0</c> and a script's body <c>&lt;Initialize&gt;</c>; they nest.
/// </remarks>
internal static partial class MethodNames
{
    private const string Body = "<Initialize>";
    private const string ScriptClass = "Script";

    public static string Of(MethodBase method)
    {
        var type = method.DeclaringType;
        var name = method.Name;

        // Out of the compiler's classes: a state machine bears the method's name, a closure bears none.
        while (type is not null && type.Name.StartsWith('<'))
        {
            if (StateMachine().Match(type.Name) is { Success: true } machine)
            {
                name = machine.Groups["method"].Value;
            }

            type = type.DeclaringType;
        }

        if (name is Body || (type?.Name == ScriptClass && name is ".ctor" or ".cctor"))
        {
            return "(top level)";
        }

        if (Lambda().Match(name) is { Success: true } lambda)
        {
            var outer = lambda.Groups["method"].Value;
            return outer is Body or "Initialize" or ".ctor" or ".cctor" && IsTopLevel(type) ? "handler" : $"lambda in {Qualify(type, Plain(outer))}";
        }

        return Qualify(type, Plain(LocalFunction().Match(name) is { Success: true } local ? local.Groups["name"].Value : name));
    }

    private static string Qualify(Type? type, string name)
    {
        if (IsTopLevel(type))
        {
            return name;
        }

        // A type inside the script is the user's own; others are told with their namespace.
        var typeName = Plain(type!.DeclaringType?.Name == ScriptClass ? type.Name : type.FullName ?? type.Name);
        return name is ".ctor" or ".cctor" ? $"new {typeName}" : $"{typeName}.{name}";
    }

    private static bool IsTopLevel(Type? type) => type is null || (type.Name == ScriptClass && type.Namespace is null);

    private static string Plain(string name)
    {
        var inner = LocalFunction().Match(name) is { Success: true } local ? local.Groups["name"].Value : Arity().Replace(name, "").Replace('+', '.');
        return inner.StartsWith("get_", StringComparison.Ordinal) || inner.StartsWith("set_", StringComparison.Ordinal) ? inner[4..] : inner;
    }

    [GeneratedRegex("^<(?<method>.+)>d(__.*)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex StateMachine();

    [GeneratedRegex("^<(?<method>.+)>b__[0-9_]+$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Lambda();

    [GeneratedRegex(@"^<.+>g__(?<name>[^|]+)\|[0-9_]+$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LocalFunction();

    [GeneratedRegex("`[0-9]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Arity();
}
