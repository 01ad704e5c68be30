using System.CommandLine;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Program.Commands;

// Before the first socket of the process, or it has no effect.
InlineCompletions.Enable();

// The commands heed signals by themselves: the library's own time limit of two seconds would cut requests off.
return await CommandLine.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
