namespace ScriptProxy.Core.Plugins;

/// <summary>A plugin cannot be used; the message goes on after <c>plugins/NAME: </c>.</summary>
internal sealed class PluginException(string code, string message, string? hint = null) : Exception(message)
{
    internal string Code { get; } = code;

    internal string? Hint { get; } = hint;
}
