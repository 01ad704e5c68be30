namespace ScriptProxy.Tests.Harness;

public class ProgramsTests
{
    [Fact]
    public void Require_OfWhatIsNotInstalled_SaysWhichAndFailsInCiOnly()
    {
        // By hand: Record.Exception lets a skip through.
        var said = "";
        try
        {
            Programs.Require("no-such-program", "nor-this-one");
        }
        catch (Exception error)
        {
            said = error.Message;
        }

        Assert.Contains("no-such-program or nor-this-one is not installed", said);
        Assert.Equal(Environment.GetEnvironmentVariable("CI") != "true", said.StartsWith("$XunitDynamicSkip$", StringComparison.Ordinal));
    }
}
