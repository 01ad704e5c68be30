using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ScriptProxy.Core.Guarding;

/// <summary>
/// Finds finally blocks whose end cannot be reached. An exception that leaves an endless try block into an endless finally block
/// crashes the runtime, so no check could stop it.
/// </summary>
internal static class FinallyEnds
{
    internal static GuardRefusal? FirstThatDoesNot(MethodDefinition method)
    {
        var handlers = method.Body.ExceptionHandlers;
        foreach (var handler in handlers)
        {
            if (handler.HandlerType is ExceptionHandlerType.Finally or ExceptionHandlerType.Fault && !CanEnd(method.Body, handler))
                return Refuse(method, handler);
        }
        return null;
    }

    private static bool CanEnd(MethodBody body, ExceptionHandler block)
    {
        var inner = body.ExceptionHandlers.Where(handler => !ReferenceEquals(handler, block)
            && IsWithin(handler.TryStart, block) && IsWithin(handler.HandlerStart, block)).ToList();
        var seen = new HashSet<Instruction>();
        var open = new Stack<Instruction>();
        open.Push(block.HandlerStart);
        while (open.TryPop(out var instruction))
        {
            if (!IsWithin(instruction, block) || !seen.Add(instruction))
                continue;
            foreach (var handler in inner.Where(handler => IsBetween(instruction, handler.TryStart, handler.TryEnd)))
            {
                open.Push(handler.HandlerStart);
                if (handler.FilterStart is { } filter)
                    open.Push(filter);
            }
            switch (instruction.OpCode.Code)
            {
                case Code.Endfinally:
                    if (!inner.Exists(handler => IsBetween(instruction, handler.HandlerStart, handler.HandlerEnd)))
                        return true;
                    continue;
                case Code.Throw or Code.Rethrow:
                    if (!inner.Exists(handler => handler.HandlerType is ExceptionHandlerType.Catch or ExceptionHandlerType.Filter
                        && IsBetween(instruction, handler.TryStart, handler.TryEnd)))
                        return true;
                    continue;
            }
            foreach (var target in instruction.Targets())
                open.Push(target);
            if (instruction.OpCode.FlowControl is not (FlowControl.Branch or FlowControl.Return) && instruction.Next is { } next)
                open.Push(next);
        }
        return false;
    }

    private static GuardRefusal Refuse(MethodDefinition method, ExceptionHandler block)
    {
        var point = method.DebugInformation.SequencePoints
            .FirstOrDefault(point => !point.IsHidden && point.Offset >= block.HandlerStart.Offset);
        return new GuardRefusal(
            point?.Document.Url ?? "",
            point?.StartLine ?? 0,
            point?.StartColumn ?? 0,
            "The end of this finally block cannot be reached: a script that enters it could never be stopped.");
    }

    private static bool IsWithin(Instruction instruction, ExceptionHandler block) => IsBetween(instruction, block.HandlerStart, block.HandlerEnd);

    private static bool IsBetween(Instruction instruction, Instruction start, Instruction? end) =>
        instruction.Offset >= start.Offset && (end is null || instruction.Offset < end.Offset);
}
