using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace ScriptProxy.Core.Guarding;

/// <summary>Rewrites one method; used once.</summary>
internal sealed class MethodRewriter
{
    private readonly MethodDefinition _method;
    private readonly MethodBody _body;
    private readonly GuardReferences _guard;
    private readonly DelegateUse _use;
    private readonly ExceptionHandler? _asyncOuter;

    internal MethodRewriter(MethodDefinition method, GuardReferences guard, Dictionary<MethodDefinition, DelegateUse> delegates)
    {
        _method = method;
        _body = method.Body;
        _guard = guard;
        _use = delegates.GetValueOrDefault(method);
        _asyncOuter = AsyncOuterHandler(method);
    }

    internal void Rewrite()
    {
        // Found by offset, so before anything is inserted.
        var loops = LoopStarts();
        var first = _body.Instructions[0];
        var calls = _body.Instructions.Where(InstructionExtensions.IsCall).ToList();
        var handlers = _body.ExceptionHandlers.ToList();
        var loweredFinallies = handlers.Where(IsLoweredFinally).ToHashSet();

        _body.SimplifyMacros();
        foreach (var call in calls)
            MarkHandOver(call);
        foreach (var handler in handlers.Where(handler => !loweredFinallies.Contains(handler)))
            LetStopPass(handler);
        foreach (var loop in loops)
            Check(loop);
        // Inlined, it would be stopped at its caller's line.
        _method.NoInlining |= loops.Count > 0;
        if (_asyncOuter is { } outer)
            CheckStart(outer.TryStart, loops);
        else if (!IsAsyncPlumbing())
            CheckEntry(first, loops.Contains(first), calls.Count);
        if (_asyncOuter is not null || _use.HasFlag(DelegateUse.Piece))
            new PieceWrapper(_method, _guard).Wrap(_asyncOuter, _use.HasFlag(DelegateUse.Thread));
        _body.OptimizeMacros();
    }

    /// <summary>
    /// The catch block around the whole of an async MoveNext, which puts the exception into the task: what is thrown outside of its try
    /// block, or in itself, would end the process.
    /// </summary>
    private static ExceptionHandler? AsyncOuterHandler(MethodDefinition method)
    {
        if (method.Name != "MoveNext" || !IsStateMachine(method.DeclaringType))
            return null;
        return method.Body.ExceptionHandlers
            .Where(handler => handler.HandlerType == ExceptionHandlerType.Catch)
            .OrderBy(handler => handler.TryStart.Offset).ThenByDescending(handler => handler.TryEnd.Offset)
            .FirstOrDefault();
    }

    /// <summary>
    /// The members with which an async iterator and its consumer talk: stopped there, the consumer would dispose an iterator that is
    /// still running, and fail for that.
    /// </summary>
    private bool IsAsyncPlumbing() => _method.DeclaringType.IsNestedPrivate && IsStateMachine(_method.DeclaringType);

    private static bool IsStateMachine(TypeDefinition type) =>
        type.Interfaces.Any(implemented => implemented.InterfaceType.FullName == "System.Runtime.CompilerServices.IAsyncStateMachine");

    private HashSet<Instruction> LoopStarts()
    {
        var starts = new HashSet<Instruction>();
        foreach (var instruction in _body.Instructions)
        {
            foreach (var target in instruction.Targets())
            {
                var guarded = _asyncOuter is not { } outer || (target.Offset >= outer.TryStart.Offset && target.Offset < outer.TryEnd.Offset);
                if (target.Offset <= instruction.Offset && guarded)
                    starts.Add(target);
            }
        }
        return starts;
    }

    private void Check(Instruction at) => _body.Prepend(at, CheckInstructions(at));

    /// <summary>
    /// Where an async method begins, though not where it goes on after an await: all that comes back for ever passes a loop or a beginning, and before the
    /// first line of the method a stop would have no line to name.
    /// </summary>
    private void CheckStart(Instruction start, HashSet<Instruction> loops)
    {
        if (loops.Contains(start))
            return;
        var debug = _method.DebugInformation;
        if (debug.SequencePoints.FirstOrDefault(point => !point.IsHidden) is { } line)
        {
            var at = debug.SequencePoints.Count(point => point.Offset < start.Offset);
            // Two of one offset would make the pdb unreadable.
            if (at < debug.SequencePoints.Count && debug.SequencePoints[at].Offset == start.Offset)
                debug.SequencePoints.RemoveAt(at);
            debug.SequencePoints.Insert(at, Copy(line, start));
        }

        // The generic form of the field is the one that the method itself reads.
        var state = _body.Instructions.Select(instruction => instruction.Operand).OfType<FieldReference>().FirstOrDefault(field => field.Name == "<>1__state");
        Instruction[] goesOn = state is null
            ? []
            : [Instruction.Create(OpCodes.Ldarg, _body.ThisParameter), Instruction.Create(OpCodes.Ldfld, state), Instruction.Create(OpCodes.Ldc_I4, 0), Instruction.Create(OpCodes.Bge, start)];
        _body.Prepend(start, CheckInstructions(start, goesOn));
    }

    private static SequencePoint Copy(SequencePoint point, Instruction at) => new(at, point.Document)
    {
        StartLine = point.StartLine,
        StartColumn = point.StartColumn,
        EndLine = point.EndLine,
        EndColumn = point.EndColumn,
    };

    /// <param name="next">Follows.</param>
    /// <param name="unless">Jumps there where a raised guard is not to be heeded.</param>
    private Instruction[] CheckInstructions(Instruction next, params ReadOnlySpan<Instruction> unless) =>
    [
        Instruction.Create(OpCodes.Volatile),
        Instruction.Create(OpCodes.Ldsfld, _guard.Raised),
        Instruction.Create(OpCodes.Brfalse, next),
        .. unless,
        Instruction.Create(OpCodes.Call, _guard.Check),
    ];

    /// <summary>
    /// A method that neither loops nor calls cannot be what never ends, unless the framework calls it for ever: as a delegate or through
    /// an interface. One that calls may recurse, be it through delegates or the framework, so the stack is checked in each of these.
    /// </summary>
    private void CheckEntry(Instruction first, bool isLoop, int calls)
    {
        var added = new List<Instruction>();
        if (calls > 0 && !IsTrivialConstructor(calls))
            added.Add(Instruction.Create(OpCodes.Call, _guard.EnsureStack));
        if (!isLoop && (added.Count > 0 || _method.IsVirtual || _use != DelegateUse.None))
            added.AddRange(CheckInstructions(first));
        if (added.Count == 0)
            return;

        // Not Prepend: where the method begins with a loop, its branches must not come back to here.
        for (var i = 0; i < added.Count; i++)
            _body.Instructions.Insert(i, added[i]);
        var debug = _method.DebugInformation;
        if (debug.SequencePoints.FirstOrDefault() is { Offset: 0 } point)
        {
            debug.SequencePoints.Insert(0, Copy(point, added[0]));
        }
        if (debug.Scope is { } scope)
            scope.Start = new InstructionOffset(added[0]);
    }

    private bool IsTrivialConstructor(int calls) => _method.IsConstructor && calls == 1
        && _body.Instructions.Any(instruction => instruction.Operand is MethodReference { Name: ".ctor", DeclaringType.FullName: "System.Object" });

    private void MarkHandOver(Instruction call)
    {
        if (call.Operand is not MethodReference method)
            return;
        if (_asyncOuter is not null && method is GenericInstanceMethod { Name: "AwaitUnsafeOnCompleted" or "AwaitOnCompleted" } suspension)
        {
            var yields = suspension.GenericArguments[0].FullName == "System.Runtime.CompilerServices.YieldAwaitable/YieldAwaiter";
            _body.Prepend(call, Instruction.Create(OpCodes.Call, yields ? _guard.Yields : _guard.Escapes));
        }
        else if (method.DeclaringType.Namespace == "System.Timers" || (method.DeclaringType.GetElementType() is { } type
            && type.Namespace.StartsWith("System.Threading", StringComparison.Ordinal) && method.Parameters.Any(parameter => IsDelegate(parameter.ParameterType))))
        {
            _body.Prepend(call, Instruction.Create(OpCodes.Call, _guard.Escapes));
        }
    }

    /// <summary>By name, because resolving the framework's types would need its assemblies.</summary>
    private static bool IsDelegate(TypeReference type) =>
        type.Name.StartsWith("Action", StringComparison.Ordinal) || type.Name.StartsWith("Func`", StringComparison.Ordinal)
        || type.Name.EndsWith("Callback", StringComparison.Ordinal) || type.Name.EndsWith("ThreadStart", StringComparison.Ordinal);

    /// <summary>
    /// A finally block with an await in it is compiled into a catch block that keeps the exception, and code that throws it again at
    /// its end. It is the author's cleanup and not a catch block: it runs.
    /// </summary>
    private bool IsLoweredFinally(ExceptionHandler handler)
    {
        if (_asyncOuter is null || handler.HandlerType != ExceptionHandlerType.Catch || handler.CatchType.MetadataType != MetadataType.Object)
            return false;
        var keeps = false;
        for (var at = handler.HandlerStart; at is not null && at != handler.HandlerEnd; at = at.Next)
        {
            if (at.OpCode.Code == Code.Stfld)
            {
                if (keeps || at.Operand is not FieldReference { FieldType.MetadataType: MetadataType.Object })
                    return false;
                keeps = true;
            }
            else if (at.OpCode.FlowControl is not FlowControl.Next && at.OpCode.Code is not (Code.Leave or Code.Leave_S or Code.Nop))
            {
                return false;
            }
        }
        return keeps;
    }

    /// <summary>
    /// Makes a handler decline the guard's exception. By a filter and not by throwing it again: a catch block runs on top of what it
    /// catches, so that throwing in every frame of a deep recursion overflows the stack. For the same reason it checks the stack.
    /// </summary>
    private void LetStopPass(ExceptionHandler handler)
    {
        if (ReferenceEquals(handler, _asyncOuter) || handler.HandlerType is ExceptionHandlerType.Finally or ExceptionHandlerType.Fault)
            return;
        _body.Prepend(handler.HandlerStart, Instruction.Create(OpCodes.Call, _guard.EnsureStack));
        if (handler.HandlerType == ExceptionHandlerType.Filter)
        {
            var start = handler.FilterStart;
            _body.Prepend(
                start,
                Instruction.Create(OpCodes.Dup),
                Instruction.Create(OpCodes.Isinst, _guard.Stop),
                Instruction.Create(OpCodes.Brfalse, start),
                Instruction.Create(OpCodes.Pop),
                Instruction.Create(OpCodes.Ldc_I4, 0),
                Instruction.Create(OpCodes.Br, handler.HandlerStart.Previous));
        }
        else if (CanHoldStop(handler.CatchType))
        {
            ToFilter(handler);
        }
    }

    private bool CanHoldStop(TypeReference type) =>
        type.IsGenericParameter || type.FullName is "System.Object" or "System.Exception" || type.FullName == _guard.Stop.FullName;

    private void ToFilter(ExceptionHandler handler)
    {
        var type = handler.CatchType;
        var start = handler.HandlerStart;
        var end = Instruction.Create(OpCodes.Endfilter);
        var decline = Instruction.Create(OpCodes.Pop);
        Instruction[] filter =
        [
            Instruction.Create(OpCodes.Dup),
            Instruction.Create(OpCodes.Isinst, _guard.Stop),
            Instruction.Create(OpCodes.Brtrue, decline),
            Instruction.Create(OpCodes.Isinst, type),
            Instruction.Create(OpCodes.Ldnull),
            Instruction.Create(OpCodes.Cgt_Un),
            Instruction.Create(OpCodes.Br, end),
            decline,
            Instruction.Create(OpCodes.Ldc_I4, 0),
            end,
        ];
        var at = _body.Instructions.IndexOf(start);
        foreach (var instruction in filter)
            _body.Instructions.Insert(at++, instruction);

        // What ended where the catch block began now ends where its filter does.
        foreach (var other in _body.ExceptionHandlers)
        {
            if (ReferenceEquals(other.TryEnd, start))
                other.TryEnd = filter[0];
            if (ReferenceEquals(other.HandlerEnd, start))
                other.HandlerEnd = filter[0];
        }
        handler.HandlerType = ExceptionHandlerType.Filter;
        handler.CatchType = null;
        handler.FilterStart = filter[0];
        // A type parameter is unboxed by the compiler's own code.
        if (!type.IsGenericParameter && type.MetadataType != MetadataType.Object)
            _body.Prepend(start, Instruction.Create(OpCodes.Castclass, type));
    }
}
