using System.Text.RegularExpressions;

namespace ScriptProxy.Tests.Docs;

/// <summary>A fenced block of a page.</summary>
/// <param name="Page">The page's path in the repository.</param>
/// <param name="Line">The line of its first line of text.</param>
/// <param name="Language">What stands behind the fence.</param>
/// <param name="Text">What it holds, a line break at the end.</param>
internal sealed partial record Fence(string Page, int Line, string Language, string Text)
{
    internal static IReadOnlyList<Fence> Of(string page)
    {
        var found = new List<Fence>();
        var lines = Repository.Read(page).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (Opening().Match(lines[i]) is not { Success: true } opening)
            {
                continue;
            }

            var from = i + 1;
            var to = Array.IndexOf(lines, "```", from);
            Assert.True(to >= 0, $"{page}:{i + 1}: the block is not closed");
            found.Add(new Fence(page, from + 1, opening.Groups["it"].Value, string.Concat(lines[from..to].Select(l => l + "\n"))));
            i = to;
        }

        return found;
    }

    /// <summary>The file that the block is, where its first line names one: "// scripts/x.csx".</summary>
    internal string? FileName => FirstLine().Match(Text) is { Success: true } match ? match.Groups["it"].Value : null;

    public override string ToString() => $"{Page}:{Line}";

    [GeneratedRegex("^```(?<it>[a-z]*)$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Opening();

    [GeneratedRegex(@"\A// (?<it>[\w./-]+\.csx)\n", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstLine();
}
