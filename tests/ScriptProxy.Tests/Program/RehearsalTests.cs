using ScriptProxy.Core.Hosting;

namespace ScriptProxy.Tests.Program;

public class RehearsalTests
{
    [Fact]
    public async Task Answer_WithoutASocket_IsAWholeOne() =>
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await Rehearsal.AnswerAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
}
