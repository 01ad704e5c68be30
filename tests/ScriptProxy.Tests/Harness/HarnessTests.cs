namespace ScriptProxy.Tests.Harness;

public class HarnessTests
{
    [Fact]
    public async Task Gateway_Content_Answers()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/hello").Content(c => c.Text("hi\n"));""");
        Assert.Equal("hi\n", await gateway.Client.GetStringAsync("/hello"));
    }
}
