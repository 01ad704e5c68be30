using System.Globalization;

namespace ScriptProxy.Tests.Scripting.Surface;

// A small language of its own, so that the compiler's tests do not move with the real one.
public sealed record Verdict(int Status, string? Text = null);

public abstract class PhaseContext
{
    public string Path { get; init; } = "/";

    public Dictionary<string, object?> Items { get; } = [];
}

public sealed class AccessContext : PhaseContext
{
    public Verdict Next { get; } = new(0);

    public string? BearerToken { get; init; }

    public Verdict Respond(int status, string? text = null) => new(status, text);

    public Task<Verdict> RespondLater(int status) => Task.FromResult(new Verdict(status));
}

public sealed class RewriteContext : PhaseContext
{
    public Verdict Next { get; } = new(0);

    public Verdict Respond(int status, string? text = null) => new(status, text);

    public string Target { get; set; } = "";
}

public sealed class HeaderFilterContext : PhaseContext
{
    public Dictionary<string, string> Headers { get; } = [];
}

public static class Verbs
{
    public static List<string> Told { get; } = [];

    public static void Tell(string text) => Told.Add(text);

    public static Func<AccessContext, Verdict> Handler(Func<AccessContext, Verdict> handler) => handler;

    public static Func<AccessContext, Task<Verdict>> AsyncHandler(Func<AccessContext, Task<Verdict>> handler) => handler;

    public static Action<HeaderFilterContext> HeaderHandler(Action<HeaderFilterContext> handler) => handler;

    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
