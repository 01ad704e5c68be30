namespace ScriptProxy.Runtime;

/// <summary>The services behind the static members of the script language, one instance per generation.</summary>
internal abstract class GatewayRuntime
{
}
