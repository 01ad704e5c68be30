namespace ScriptProxy.Program.Commands;

/// <summary>A command cannot do what it is asked for; the message says why, and what to do about it.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
