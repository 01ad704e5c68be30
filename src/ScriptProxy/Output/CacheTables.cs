using System.Globalization;
using ScriptProxy.Program.Commands;
using Spectre.Console;

namespace ScriptProxy.Program.Output;

/// <summary>What is stored of a URL: a table for each variant on a terminal, lines otherwise.</summary>
internal static class CacheTables
{
    internal static void Write(IAnsiConsole console, CachedUrl url)
    {
        console.WriteLine(Printable(url.Url));
        console.WriteLine(Printable($"a plain GET now: {url.Get}, {url.Why}"));
        if (url.Fetching)
        {
            console.WriteLine("it is being fetched right now");
        }

        if (url.Alone)
        {
            console.WriteLine("its last answer was for one client alone: requests do not wait for one another");
        }

        foreach (var answer in url.Stored)
        {
            console.WriteLine();
            Write(console, answer);
        }
    }

    private static void Write(IAnsiConsole console, CachedAnswer answer)
    {
        if (!console.Profile.Capabilities.Unicode)
        {
            foreach (var (name, value) in Rows(answer))
            {
                console.WriteLine($"{name,-12} {Printable(value)}");
            }

            return;
        }

        var table = Tables.New(console, ["", ""]).HideHeaders();
        foreach (var (name, value) in Rows(answer))
        {
            table.AddRow(Markup.Escape(name), Markup.Escape(Printable(value)));
        }

        console.Write(table);
    }

    private static IEnumerable<(string Name, string Value)> Rows(CachedAnswer answer)
    {
        if (answer.Key is { } key)
        {
            yield return ("key", key);
        }

        yield return ("status", answer.Status.ToString(CultureInfo.InvariantCulture));
        foreach (var (field, value) in answer.Vary)
        {
            yield return ("for requests", value is null ? $"without {field}" : $"with {field}: {value}");
        }

        yield return ("state", answer.State);
        yield return ("stored", answer.Received.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture));
        yield return ("age", Span(answer.Age));
        yield return ("lifetime", $"{Span(answer.Lifetime)}, from {answer.LifetimeFrom}");
        yield return (answer.FreshFor > 0 ? "fresh for" : "stale for", Span(Math.Abs(answer.FreshFor)));
        yield return ("grace", Span(answer.Grace));
        yield return ("keep", Span(answer.Keep));
        yield return ("validators", Validators(answer));
        if (answer.MustValidate || answer.ForbidsStale)
        {
            yield return ("must be", answer.MustValidate ? "validated each time" : "validated once it is stale");
        }

        yield return ("tags", answer.Tags.Count == 0 ? "none" : string.Join(", ", answer.Tags));
        yield return ("body", Bytes(answer.Body) + (answer.Size == 0 ? "" : $", {Bytes(answer.Size)} in memory with all around it"));
        yield return ("a GET now", $"{answer.Get}, {answer.Why}");
    }

    private static string Validators(CachedAnswer answer) => (answer.ETag, answer.LastModified) switch
    {
        ({ } tag, { } modified) => $"ETag {tag}, Last-Modified {modified}",
        ({ } tag, null) => $"ETag {tag}",
        (null, { } modified) => $"Last-Modified {modified}",
        _ => "none",
    };

    /// <summary>Clients and origins say what they like in headers: nothing of it commands an operator's terminal.</summary>
    private static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString())) : text;

    private static string Bytes(long count) => count switch
    {
        >= 1024 * 1024 => Text($"{count / (1024.0 * 1024):F1} MiB"),
        >= 10 * 1024 => Text($"{count / 1024.0:F1} KiB"),
        _ => Text($"{count} bytes"),
    };

    private static string Span(double seconds) => TimeSpan.FromSeconds(seconds) switch
    {
        { TotalDays: >= 1 } span => Text($"{(int)span.TotalDays} d {span.Hours} h"),
        { TotalHours: >= 1 } span => Text($"{span.Hours} h {span.Minutes} min"),
        { TotalMinutes: >= 1 } span => Text($"{span.Minutes} min {span.Seconds} s"),
        _ => Text($"{Math.Round(seconds)} s"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
