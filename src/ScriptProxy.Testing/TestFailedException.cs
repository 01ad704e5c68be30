namespace ScriptProxy.Testing;

/// <summary>A test expected something else than what came.</summary>
public sealed class TestFailedException : Exception
{
    internal TestFailedException(string message)
        : base(message)
    {
    }
}
