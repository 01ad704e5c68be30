using System.Runtime.Versioning;
using ScriptProxy.Bench;

// It reads /proc, and what it starts are programs of Linux.
[assembly: SupportedOSPlatform("linux")]

return await BenchCommands.Create().Parse(args).InvokeAsync();
