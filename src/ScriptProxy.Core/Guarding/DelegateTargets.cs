using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ScriptProxy.Core.Guarding;

/// <summary>How a method is used as a delegate.</summary>
[Flags]
internal enum DelegateUse
{
    None = 0,

    /// <summary>The framework may call it again and again, so that it needs a check even without a loop or call of its own.</summary>
    Target = 1,

    /// <summary>It may be the first script code on a thread, so that it is a piece of its own.</summary>
    Piece = 2,

    /// <summary>An exception that leaves it ends the process.</summary>
    Thread = 4,
}

/// <summary>
/// Finds the methods that scripts turn into delegates. Which of them are pieces is a matter of cost: opening one takes some
/// nanoseconds, which a predicate of a LINQ query would feel and cannot need, as the query's caller is in a piece already.
/// </summary>
internal static class DelegateTargets
{
    private static readonly HashSet<string> ThreadDelegates = new(StringComparer.Ordinal)
    {
        "System.Threading.ThreadStart", "System.Threading.ParameterizedThreadStart", "System.Threading.TimerCallback",
        "System.Threading.WaitCallback", "System.Threading.WaitOrTimerCallback", "System.Threading.SendOrPostCallback",
        "System.Timers.ElapsedEventHandler",
    };

    internal static Dictionary<MethodDefinition, DelegateUse> Of(IEnumerable<MethodDefinition> methods)
    {
        var uses = new Dictionary<MethodDefinition, DelegateUse>();
        foreach (var instruction in methods.SelectMany(method => method.Body.Instructions))
        {
            if (instruction.OpCode.Code is not (Code.Ldftn or Code.Ldvirtftn) || instruction.Operand is not MethodReference reference
                || reference.DeclaringType.GetElementType() is not TypeDefinition || reference.Resolve() is not { HasBody: true } target)
                continue;
            var use = DelegateUse.Target;
            if (MayBeFirst(target))
                use |= DelegateUse.Piece;
            if (instruction.Next?.Operand is MethodReference { Name: ".ctor" } constructor && ThreadDelegates.Contains(constructor.DeclaringType.FullName))
                use |= DelegateUse.Piece | DelegateUse.Thread;
            uses[target] = uses.GetValueOrDefault(target) | use;
        }
        return uses;
    }

    private static bool MayBeFirst(MethodDefinition method)
    {
        // The MoveNext of an async method is the piece.
        if (method.CustomAttributes.Any(attribute => attribute.AttributeType.Name is "AsyncStateMachineAttribute" or "AsyncIteratorStateMachineAttribute"))
            return false;
        var parameters = method.Parameters.Select(parameter => parameter.ParameterType);
        return parameters.All(type => type.IsPrimitive && method.ReturnType.MetadataType == MetadataType.Void)
            || !method.HasParameters
            || parameters.Any(type => type.MetadataType == MetadataType.Object || type.Namespace == "System.Threading.Tasks")
            || method.Body.Instructions.Any(instruction => instruction.Targets().Any(target => target.Offset <= instruction.Offset));
    }
}
