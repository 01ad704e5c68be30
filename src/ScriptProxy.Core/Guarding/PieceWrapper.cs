using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ScriptProxy.Core.Guarding;

/// <summary>Puts a whole method between <see cref="Guard.Enter"/> and <see cref="Guard.Leave"/>, the latter in a finally block.</summary>
internal sealed class PieceWrapper(MethodDefinition method, GuardReferences guard)
{
    private readonly MethodBody _body = method.Body;

    /// <param name="asyncOuter">The catch block that puts the exception into the task, in an async MoveNext.</param>
    /// <param name="isThread">Whether an exception that leaves the method would end the process.</param>
    internal void Wrap(ExceptionHandler? asyncOuter, bool isThread)
    {
        var end = Instruction.Create(OpCodes.Ret);
        var exit = end;
        VariableDefinition? result = null;
        if (method.ReturnType.MetadataType != MetadataType.Void)
        {
            _body.Variables.Add(result = new VariableDefinition(method.ReturnType));
            exit = Instruction.Create(OpCodes.Ldloc, result);
        }
        ReplaceReturns(exit, result);

        var start = _body.Instructions[0];
        if (isThread)
            AddCatch(start, exit);
        else if (asyncOuter is not null && method.DeclaringType.Fields.Any(field => field.FieldType.Name == "AsyncVoidMethodBuilder"))
            DropIn(asyncOuter, exit);
        AddFinally(start, exit);
        if (result is not null)
            _body.Instructions.Add(exit);
        _body.Instructions.Add(end);
        _body.InitLocals = true;
    }

    private void ReplaceReturns(Instruction exit, VariableDefinition? result)
    {
        foreach (var instruction in _body.Instructions.Where(instruction => instruction.OpCode.Code == Code.Ret).ToList())
        {
            if (result is null)
            {
                instruction.OpCode = OpCodes.Leave;
                instruction.Operand = exit;
            }
            else
            {
                _body.Prepend(instruction, Instruction.Create(OpCodes.Stloc, result), Instruction.Create(OpCodes.Leave, exit));
                // The return itself is now dead; a method has only one, at its end.
                _body.Instructions.Remove(instruction.Next.Next);
            }
        }
    }

    private void AddCatch(Instruction start, Instruction exit)
    {
        var handler = Instruction.Create(OpCodes.Call, guard.Drop);
        _body.Instructions.Add(handler);
        _body.Instructions.Add(Instruction.Create(OpCodes.Leave, exit));
        CloseOpenEnds(handler);
        _body.ExceptionHandlers.Add(new ExceptionHandler(ExceptionHandlerType.Catch)
        {
            TryStart = start,
            TryEnd = handler,
            HandlerStart = handler,
            CatchType = guard.Stop,
        });
    }

    /// <summary>The task of an async void method is watched by nobody: the builder would throw the exception on the thread pool.</summary>
    private void DropIn(ExceptionHandler handler, Instruction exit)
    {
        var start = handler.HandlerStart;
        _body.Prepend(
            start,
            Instruction.Create(OpCodes.Dup),
            Instruction.Create(OpCodes.Isinst, guard.Stop),
            Instruction.Create(OpCodes.Brfalse, start),
            Instruction.Create(OpCodes.Castclass, guard.Stop),
            Instruction.Create(OpCodes.Call, guard.Drop),
            Instruction.Create(OpCodes.Leave, exit));
    }

    private void AddFinally(Instruction start, Instruction exit)
    {
        var run = new VariableDefinition(guard.Run);
        _body.Variables.Add(run);
        var handler = Instruction.Create(OpCodes.Ldloca, run);
        _body.Instructions.Add(handler);
        _body.Instructions.Add(Instruction.Create(OpCodes.Call, guard.Leave));
        _body.Instructions.Add(Instruction.Create(OpCodes.Endfinally));
        CloseOpenEnds(handler);
        _body.ExceptionHandlers.Add(new ExceptionHandler(ExceptionHandlerType.Finally)
        {
            TryStart = start,
            TryEnd = handler,
            HandlerStart = handler,
            HandlerEnd = exit,
        });
        _body.Instructions.Insert(0, Instruction.Create(OpCodes.Ldloca, run));
        _body.Instructions.Insert(1, Instruction.Create(OpCodes.Call, guard.Enter));
        if (method.DebugInformation.Scope is { } scope)
            scope.Start = new InstructionOffset(_body.Instructions[0]);
    }

    /// <summary>A block that reached to the end of the method now ends where something follows it.</summary>
    private void CloseOpenEnds(Instruction next)
    {
        foreach (var handler in _body.ExceptionHandlers)
            handler.HandlerEnd ??= next;
    }
}
