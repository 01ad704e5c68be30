using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Reloading;

/// <summary>What makes a load, and that no save is lost and none counts twice.</summary>
public class SavingTests
{
    private const string Parts = """
        #load "part.csx"
        Route("/").Access("scripts/phase.csx").Content(c => c.Text($"{Part} {c.Request.Headers["X-Phase"]} {Settings["Name"]}"));
        """;

    [Fact]
    public async Task Save_OfAnyFileThatWasRead_IsServed_OneLoadEach()
    {
        await using var gateway = await StartPartsAsync();
        Assert.Equal("part1 phase1 name1", await gateway.Client.GetStringAsync("/"));
        gateway.Folder.Write("part.csx", """const string Part = "part2";""");
        await ServesAsync(gateway, "part2 phase1 name1");
        gateway.Folder.Write("scripts/phase.csx", """Request.Headers["X-Phase"] = "phase2";""");
        await ServesAsync(gateway, "part2 phase2 name1");
        gateway.Folder.Write("appsettings.json", """{ "Name": "name2" }""");
        await ServesAsync(gateway, "part2 phase2 name2");
        gateway.Save(Parts + "\nHeaderFilter(h => h.Response.Headers[\"X-Main\"] = \"2\");");
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number == 5);
        using var answer = await gateway.Client.GetAsync("/");
        Assert.Equal("2", Assert.Single(answer.Headers.GetValues("X-Main")));

        // Written in place, as simple editors and a shell's redirection do.
        await File.WriteAllTextAsync(gateway.Folder.PathOf("part.csx"), """const string Part = "part3";""");
        await ServesAsync(gateway, "part3 phase2 name2");
        await NoMoreLoadsAsync(gateway);
    }

    [Fact]
    public async Task PhaseFile_NewlyNamed_AndThenSaved_IsServed()
    {
        await using var gateway = await TestGateway.StartAsync("""Route("/").Content(c => c.Text("none"));""");
        gateway.Folder.Write("new.csx", """return Text("new1");""");
        await gateway.SaveAsync("""Route("/").Content("new.csx");""");
        await ServesAsync(gateway, "new1");
        gateway.Folder.Write("new.csx", """return Text("new2");""");
        await ServesAsync(gateway, "new2");
    }

    [Fact]
    public async Task Saves_WithinTheSettleTime_MakeOneLoad_OfTheLast()
    {
        // The clock stands while the file is written, so all of this is within the settle time.
        var time = new FakeTimeProvider();
        await using var gateway = await StartPartsAsync(time);
        var path = gateway.Folder.PathOf("part.csx");
        await using (var file = File.Create(path))
        {
            foreach (var piece in "const string Part = \"written by and by\";".Chunk(5))
            {
                await file.WriteAsync(piece.Select(c => (byte)c).ToArray());
                await file.FlushAsync();
            }
        }

        gateway.Folder.Write("scripts/phase.csx", """Request.Headers["X-Phase"] = "phase2";""");
        await AdvanceUntilAsync(time, () => gateway.Host.Current!.Number > 1);
        Assert.Equal("written by and by phase2 name1", await gateway.Client.GetStringAsync("/"));
        gateway.Reload();
        await AdvanceUntilAsync(time, () => gateway.Host.Current!.Number > 2);
        Assert.Equal(3, gateway.Host.Current!.Number);
        Assert.Empty(gateway.Log.Refused);
    }

    [Fact]
    public async Task Reload_Asked_NothingChanged_LoadsOnce()
    {
        await using var gateway = await StartPartsAsync();
        gateway.Reload();
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number == 2);
        Assert.Equal("part1 phase1 name1", await gateway.Client.GetStringAsync("/"));
        await NoMoreLoadsAsync(gateway);
    }

    [Theory]
    [InlineData("known.csx")]
    [InlineData("new.csx")]
    public async Task Save_WhileALoadRuns_IsNotLost(string saved)
    {
        var loading = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async _ =>
        {
            loading.TrySetResult();
            await release.Task;
        });
        await using var gateway = await TestGateway.StartAsync(
            """
            #load "known.csx"
            Route("/").Content(c => c.Text(Known));
            """,
            ("known.csx", """const string Known = "known1";"""),
            ("new.csx", """const string New = "new1";"""));
        gateway.Save($$"""
            #load "known.csx"
            #load "new.csx"
            await Http.GetStringAsync("{{origin.Address}}");
            Route("/").Content(c => c.Text($"{Known} {New}"));
            """);
        await loading.Task.WaitAsync(TimeSpan.FromSeconds(20));
        gateway.Folder.Write(saved, saved == "new.csx" ? """const string New = "saved";""" : """const string Known = "saved";""");
        release.SetResult();
        await ServesAsync(gateway, saved == "new.csx" ? "known1 saved" : "saved new1");
        Assert.Equal(3, gateway.Host.Current!.Number);
    }

    [Fact]
    public async Task Save_WhileTheFirstLoadRuns_IsNotLost()
    {
        var loading = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var origin = await Origin.StartAsync(async _ =>
        {
            loading.TrySetResult();
            await release.Task;
        });
        using var folder = new TestFolder();
        folder.Write("part.csx", """const string Part = "part1";""");
        var starting = TestGateway.StartAsync(
            $$"""
            #load "{{folder.PathOf("part.csx")}}"
            await Http.GetStringAsync("{{origin.Address}}");
            Route("/").Content(c => c.Text(Part));
            """);
        await loading.Task.WaitAsync(TimeSpan.FromSeconds(20));
        folder.Write("part.csx", """const string Part = "part2";""");
        release.SetResult();
        await using var gateway = await starting;
        await ServesAsync(gateway, "part2");
    }

    [Fact]
    public async Task Folder_BehindALink_FileSavedInIt_IsServed()
    {
        using var elsewhere = new TestFolder();
        elsewhere.Write("part.csx", """const string Part = "part1";""");
        elsewhere.Write("phase.csx", """Request.Headers["X-Phase"] = "phase1";""");
        var folder = new TestFolder();
        Directory.CreateSymbolicLink(folder.PathOf("shared"), elsewhere.Root);
        folder.Write("proxy.csx", """
            #load "shared/part.csx"
            Listen("http://127.0.0.1:0");
            Route("/").Access("shared/phase.csx").Content(c => c.Text($"{Part} {c.Request.Headers["X-Phase"]}"));
            """);
        await using var gateway = await TestGateway.StartAsync(folder, "proxy.csx", TimeProvider.System);
        elsewhere.Write("part.csx", """const string Part = "part2";""");
        await ServesAsync(gateway, "part2 phase1");
        elsewhere.Write("phase.csx", """Request.Headers["X-Phase"] = "phase2";""");
        await ServesAsync(gateway, "part2 phase2");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Link_SwappedToAnotherRelease_IsServed(bool sameTimes)
    {
        var folder = new TestFolder();
        foreach (var release in new[] { "1", "2" })
        {
            folder.Write($"release-{release}/part.csx", $"const string Part = \"part{release}\";");
            folder.Write($"release-{release}/phase.csx", $"Request.Headers[\"X-Phase\"] = \"phase{release}\";");
            folder.Write($"release-{release}/appsettings.json", $$"""{ "Name": "name{{release}}" }""");
            folder.Write($"release-{release}/proxy.csx", """
                #load "part.csx"
                Listen("http://127.0.0.1:0");
                Route("/").Access("phase.csx").Content(c => c.Text($"{Part} {c.Request.Headers["X-Phase"]} {Settings["Name"]}"));
                """);
        }

        if (sameTimes)
        {
            // As files of a container image or an archive have, where they also may be of the same length.
            foreach (var file in Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories))
            {
                File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
            }
        }

        Directory.CreateSymbolicLink(folder.PathOf("current"), "release-1");
        await using var gateway = await TestGateway.StartAsync(folder, "current/proxy.csx", TimeProvider.System);
        Assert.Equal("part1 phase1 name1", await gateway.Client.GetStringAsync("/"));
        await Eventually.LinkAsync(folder, "current", "release-2");
        await ServesAsync(gateway, "part2 phase2 name2");
        await NoMoreLoadsAsync(gateway);
    }

    private static Task<TestGateway> StartPartsAsync(TimeProvider? time = null) => TestGateway.StartAsync(
        Parts,
        time ?? TimeProvider.System,
        ("part.csx", """const string Part = "part1";"""),
        ("scripts/phase.csx", """Request.Headers["X-Phase"] = "phase1";"""),
        ("appsettings.json", """{ "Name": "name1" }"""));

    private static Task ServesAsync(TestGateway gateway, string text) => Eventually.AnswersAsync(gateway, "/", text);

    /// <summary>The next load is the one asked for: no other came in between.</summary>
    private static async Task NoMoreLoadsAsync(TestGateway gateway)
    {
        var number = gateway.Host.Current!.Number;
        gateway.Reload();
        await TestGateway.WaitAsync(() => gateway.Host.Current!.Number > number);
        Assert.Equal(number + 1, gateway.Host.Current!.Number);
        Assert.Empty(gateway.Log.Refused);
    }

    private static Task AdvanceUntilAsync(FakeTimeProvider time, Func<bool> holds) => TestGateway.WaitAsync(() =>
    {
        time.Advance(TimeSpan.FromMilliseconds(5));
        return holds();
    });
}
