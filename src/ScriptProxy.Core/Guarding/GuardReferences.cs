using Mono.Cecil;

namespace ScriptProxy.Core.Guarding;

/// <summary>
/// The members that rewritten code uses, as references of one module. Made by hand: Cecil's import by reflection would make the script
/// depend on System.Private.CoreLib.
/// </summary>
internal sealed class GuardReferences
{
    internal GuardReferences(ModuleDefinition module)
    {
        var types = module.TypeSystem;
        var core = CoreReference(module);
        var guard = new TypeReference("ScriptProxy.Core.Guarding", nameof(Guard), module, core);
        var helpers = new TypeReference("System.Runtime.CompilerServices", "RuntimeHelpers", module, types.CoreLibrary);
        Run = new TypeReference("ScriptProxy.Core.Guarding", nameof(GuardRun), module, core, valueType: true);
        Stop = new TypeReference("ScriptProxy.Core.Guarding", nameof(ScriptOverrunException), module, core);
        Raised = new FieldReference(nameof(Guard.Raised), types.Boolean, guard);
        Check = new MethodReference(nameof(Guard.Check), types.Void, guard);
        Escapes = new MethodReference(nameof(Guard.Escapes), types.Void, guard);
        Yields = new MethodReference(nameof(Guard.Yields), types.Void, guard);
        Enter = Taking(new MethodReference(nameof(Guard.Enter), types.Void, guard), new ByReferenceType(Run));
        Leave = Taking(new MethodReference(nameof(Guard.Leave), types.Void, guard), new ByReferenceType(Run));
        Drop = Taking(new MethodReference(nameof(Guard.Drop), types.Void, guard), Stop);
        EnsureStack = new MethodReference("EnsureSufficientExecutionStack", types.Void, helpers);
    }

    internal TypeReference Run { get; }

    internal TypeReference Stop { get; }

    internal FieldReference Raised { get; }

    internal MethodReference Check { get; }

    internal MethodReference Escapes { get; }

    internal MethodReference Yields { get; }

    internal MethodReference Enter { get; }

    internal MethodReference Leave { get; }

    internal MethodReference Drop { get; }

    internal MethodReference EnsureStack { get; }

    private static AssemblyNameReference CoreReference(ModuleDefinition module)
    {
        var name = typeof(Guard).Assembly.GetName();
        if (module.AssemblyReferences.FirstOrDefault(reference => reference.Name == name.Name) is { } known)
            return known;
        var added = new AssemblyNameReference(name.Name, name.Version);
        module.AssemblyReferences.Add(added);
        return added;
    }

    private static MethodReference Taking(MethodReference method, TypeReference parameter)
    {
        method.Parameters.Add(new ParameterDefinition(parameter));
        return method;
    }
}
