using System.CommandLine;
using System.CommandLine.Invocation;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Core.Hosting;
using ScriptProxy.Program.Commands;

if (args is [CompilerCommand.Name, var script])
{
    return CompilerCommand.Execute(script);
}

// Before the first socket of the process, or it has no effect.
InlineCompletions.Enable();

// Before the first regular expression of the process: no match of a script's takes longer than a handler may.
Guard.Install(regexTimeout: TimeSpan.FromSeconds(1));

var parsed = CommandLine.Create().Parse(args);
if (parsed.Action is ParseErrorAction mistake)
{
    // The message alone, on standard error: the whole help would hide it.
    mistake.ShowHelp = false;
}

// The commands heed signals by themselves: the library's own time limit of two seconds would cut requests off.
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

// Threads that scripts have left behind would keep the process for ever.
Environment.Exit(code);
return code;
