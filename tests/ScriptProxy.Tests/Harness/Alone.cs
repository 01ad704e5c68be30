namespace ScriptProxy.Tests.Harness;

/// <summary>For tests with limits in real time that a machine full of other tests would break.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    internal const string Name = "Alone";
}
