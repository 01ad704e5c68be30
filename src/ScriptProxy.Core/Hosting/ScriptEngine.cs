using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Core.Hosting;

/// <summary>Puts the compiler together: cache, guard, and what scripts may see.</summary>
internal static class ScriptEngine
{
    internal static ScriptCompiler Create(GatewaySetup setup, ILogger logger) => new();
}
