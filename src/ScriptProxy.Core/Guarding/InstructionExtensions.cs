using Mono.Cecil.Cil;

namespace ScriptProxy.Core.Guarding;

internal static class InstructionExtensions
{
    /// <summary>Where the instruction may jump to: branches of every form, leave and switch.</summary>
    internal static IReadOnlyList<Instruction> Targets(this Instruction instruction) => instruction.Operand switch
    {
        Instruction target => [target],
        Instruction[] targets => targets,
        _ => [],
    };

    internal static bool IsCall(this Instruction instruction) =>
        instruction.OpCode.Code is Code.Call or Code.Callvirt or Code.Newobj or Code.Calli or Code.Jmp;

    /// <summary>
    /// Puts instructions before one, so that every branch to it, every block that starts or ends at it and its line now belong to the
    /// first of them. The object itself becomes the first, because all of these hold on to the object.
    /// </summary>
    internal static void Prepend(this MethodBody body, Instruction instruction, params ReadOnlySpan<Instruction> added)
    {
        var moved = Instruction.Create(OpCodes.Nop);
        moved.OpCode = instruction.OpCode;
        moved.Operand = instruction.Operand;
        instruction.OpCode = added[0].OpCode;
        instruction.Operand = added[0].Operand;

        var at = body.Instructions.IndexOf(instruction) + 1;
        foreach (var other in added[1..])
        {
            if (ReferenceEquals(other.Operand, instruction))
                other.Operand = moved;
            body.Instructions.Insert(at++, other);
        }
        body.Instructions.Insert(at, moved);
    }
}
