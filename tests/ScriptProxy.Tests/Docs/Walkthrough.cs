using System.Globalization;
using System.Text.RegularExpressions;
using ScriptProxy.Tests.Harness;
using ScriptProxy.Tests.Program;

namespace ScriptProxy.Tests.Docs;

/// <summary>Does what a page says, line by line, with the built program and real curl, on free ports in a folder of its own.</summary>
/// <param name="page">Its console, diff and log blocks are the steps.</param>
/// <param name="start">How the page starts the gateway.</param>
/// <param name="program">How it calls the program otherwise; arguments follow.</param>
/// <param name="path">A folder of commands that come before the machine's; null for none.</param>
internal sealed partial class Walkthrough(string page, string start, string program, string? path = null) : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, string> _ports = new[] { "8080", "18081", "18082" }
        .Zip(Ports.Free(3), (written, free) => KeyValuePair.Create(written, free.ToString(CultureInfo.InvariantCulture)))
        .ToDictionary(StringComparer.Ordinal);

    private Func<string, string>? _beforeStart;
    private ProgramProcess? _gateway;
    private int _read;

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }

        _folder.Dispose();
    }

    internal TestFolder Folder => _folder;

    /// <param name="beforeStart">Changes scripts that the steps have made, before the gateway starts; null for nothing.</param>
    internal async Task RunAsync(Func<string, string>? beforeStart = null)
    {
        _beforeStart = beforeStart;
        var steps = Fence.Of(page).Where(f => f.Language is "console" or "diff" or "log").ToList();
        Assert.True(steps.Count > 10, "where are the steps?");
        foreach (var step in steps)
        {
            var text = OnFreePorts(step.Text);
            await (step.Language switch
            {
                "console" => TypeAsync(step, text),
                "diff" => EditAsync(step, text),
                _ => LogAsync(step, text),
            });
        }
    }

    internal string OnFreePorts(string text) => PortNumbers().Replace(text, match => _ports[match.Value]);

    private async Task TypeAsync(Fence step, string text)
    {
        foreach (var command in text.Split("$ ", StringSplitOptions.RemoveEmptyEntries))
        {
            var (line, expected) = (command[..command.IndexOf('\n')], command[(command.IndexOf('\n') + 1)..]);
            if (line == start)
            {
                foreach (var script in _beforeStart is null ? [] : Directory.GetFiles(_folder.Root, "proxy.csx", SearchOption.AllDirectories))
                {
                    await File.WriteAllTextAsync(script, _beforeStart!(await File.ReadAllTextAsync(script)));
                }

                _gateway = ProgramProcess.Start(_folder.Root, start.StartsWith(program, StringComparison.Ordinal) ? start[program.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) : []);
                await _gateway.ReadyAsync();
                Matches(step, line, expected, _gateway.Output);
                _read = _gateway.Output.Length;
            }
            else if (line.StartsWith(program + " ", StringComparison.Ordinal))
            {
                var (_, output, errors) = await ProgramProcess.RunAsync(_folder.Root, line[(program.Length + 1)..].Split(' '));
                Matches(step, line, expected, output + errors);
            }
            else
            {
                var (_, output, errors) = await ProgramProcess.RunFileAsync("bash", _folder.Root, "-c", path is null ? line : $"PATH={path}:$PATH; {line}");

                // What arrives file by file may be taken up in more than one load.
                for (var again = 0; again < 40 && path is not null && line.StartsWith("curl ", StringComparison.Ordinal) && !IsMatch(expected, output.Replace("\r", "", StringComparison.Ordinal)); again++)
                {
                    (_, output, errors) = await ProgramProcess.RunFileAsync("bash", _folder.Root, "-c", "sleep 0.25; " + line);
                }

                Matches(step, line, expected, output.Replace("\r", "", StringComparison.Ordinal));
                Assert.True(output.Length > 0 || expected.Length == 0, errors);
            }
        }
    }

    private Task EditAsync(Fence step, string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        Assert.StartsWith("--- ", lines[0], StringComparison.Ordinal);
        var file = lines[0][4..];
        string Part(char sign) => string.Concat(lines.Skip(1).Where(l => l[0] == sign || l[0] == ' ').Select(l => l[1..] + "\n"));
        var before = File.ReadAllText(_folder.PathOf(file));
        Assert.True(before.Contains(Part('-'), StringComparison.Ordinal), $"{step}: {file} holds no such line:\n{Part('-')}");
        _folder.Write(file, before.Replace(Part('-'), Part('+'), StringComparison.Ordinal));
        return Task.CompletedTask;
    }

    /// <summary>Waits until the gateway has said it, after what it had said before.</summary>
    private async Task LogAsync(Fence step, string text)
    {
        var said = Pattern(text.TrimEnd('\n'));
        try
        {
            await TestGateway.WaitAsync(() => said.IsMatch(_gateway!.Output[_read..]));
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{step}: the gateway never said\n{text}but\n{_gateway!.Output[_read..]}{_gateway.Errors}");
        }

        _read = _gateway!.Output.Length;
    }

    private static bool IsMatch(string expected, string output) =>
        new Regex($@"\A(?:{Pattern($"\n{expected.TrimEnd('\n')}\n")})\n*\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)).IsMatch($"\n{output}\n");

    private static void Matches(Fence step, string command, string expected, string output) => Assert.True(
        IsMatch(expected, output.Replace("\r", "", StringComparison.Ordinal)),
        $"{step}: {command}\nexpected\n{expected}\nbut it was\n{output}");

    /// <summary>The text as it stands; "..." is anything on its line, and a line of nothing else any number of lines.</summary>
    private static Regex Pattern(string text) => new(
        Regex.Escape(text).Replace(@"\n\.\.\.\n", @"\n(?:.*\n)*?", StringComparison.Ordinal).Replace(@"\.\.\.", ".*", StringComparison.Ordinal),
        RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(5));

    [GeneratedRegex(@"\b(8080|18081|18082)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PortNumbers();
}
