using ScriptProxy.Core.Hosting;
using ScriptProxy.Program.Commands;

// Before the first socket of the process, or it has no effect.
InlineCompletions.Enable();

return await CommandLine.Create().Parse(args).InvokeAsync();
