using System.Reflection;

namespace ScriptProxy.Program.Output;

/// <summary>The version of the program, without the commit it was built from.</summary>
internal static class ProgramVersion
{
    internal static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";
}
