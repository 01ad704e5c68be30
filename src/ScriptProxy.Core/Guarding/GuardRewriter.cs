using Mono.Cecil;
using Mono.Cecil.Cil;

namespace ScriptProxy.Core.Guarding;

/// <summary>A place in a script that cannot be guarded, so that the script must not be loaded.</summary>
/// <param name="File">The document's name as the pdb has it.</param>
/// <param name="Line">From 1; 0 where the pdb knows none.</param>
/// <param name="Column">From 1; 0 where the pdb knows none.</param>
/// <param name="Message">What is wrong, for the author of the script.</param>
internal sealed record GuardRefusal(string File, int Line, int Column, string Message);

/// <summary>
/// Makes an emitted script stoppable: a check at every loop and method entry, catch blocks that let the guard's exception pass, and
/// marks where a piece of script code begins and ends on a thread (see <see cref="GuardScope"/>).
/// </summary>
/// <remarks>The same input gives the same output. Line numbers and embedded sources stay. Not safe for concurrent use.</remarks>
internal sealed class GuardRewriter
{
    private readonly List<GuardRefusal> _refusals = [];

    /// <summary>What the last <see cref="Rewrite"/> refused; where there is any, its result must not be loaded.</summary>
    internal IReadOnlyList<GuardRefusal> Refusals => _refusals;

    /// <exception cref="BadImageFormatException">The image is not a managed assembly, or its symbols are not a portable pdb.</exception>
    internal (byte[] Pe, byte[] Pdb) Rewrite(byte[] pe, byte[] pdb)
    {
        _refusals.Clear();
        using var assembly = AssemblyDefinition.ReadAssembly(new MemoryStream(pe), new ReaderParameters
        {
            InMemory = true,
            ReadSymbols = true,
            SymbolReaderProvider = new PortablePdbReaderProvider(),
            SymbolStream = new MemoryStream(pdb),
        });
        var module = assembly.MainModule;
        var references = new GuardReferences(module);
        var methods = module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody).ToList();
        var delegates = DelegateTargets.Of(methods);
        foreach (var method in methods)
        {
            if (FinallyEnds.FirstThatDoesNot(method) is { } refusal)
                _refusals.Add(refusal);
        }
        foreach (var method in methods)
            new MethodRewriter(method, references, delegates).Rewrite();

        using var image = new MemoryStream();
        using var symbols = new MemoryStream();
        assembly.Write(image, new WriterParameters
        {
            // The module keeps its MVID; the time stamp says nothing, so that two runs write the same bytes.
            Timestamp = 0,
            WriteSymbols = true,
            SymbolWriterProvider = new PortablePdbWriterProvider(),
            SymbolStream = symbols,
        });
        return (image.ToArray(), symbols.ToArray());
    }
}
