namespace ScriptProxy.Tests.Docs;

/// <summary>README.md's tour, in a copy of the top-level files.</summary>
public sealed class TourTests
{
    private const string Start = "dotnet run --project src/ScriptProxy";

    [Fact]
    public async Task Tour_EveryStep_HappensAsWritten()
    {
        await using var tour = new Walkthrough("README.md", Start, Start + " --");
        foreach (var file in new[] { "proxy.csx" }.Concat(Repository.Files("scripts", "*.csx")))
        {
            tour.Folder.Write(file, tour.OnFreePorts(Repository.Read(file)));
        }

        await tour.RunAsync();
    }
}
