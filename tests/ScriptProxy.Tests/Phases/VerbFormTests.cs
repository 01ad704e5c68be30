using System.Globalization;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Phases;

/// <summary>Every verb takes every form of a handler, at the top level and on a route, and overload priorities leave nothing ambiguous.</summary>
public class VerbFormTests
{
    public static TheoryData<string> Verbs =>
        [.. VerbForms.Answering.Select(v => v.Verb), .. VerbForms.Silent.Select(v => v.Verb)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Verb_EveryForm_Compiles(string verb)
    {
        var (context, answer, value, forms) = Forms(verb);
        var script = new StringBuilder("static readonly ExchangeKey<int> Tries = new(\"tries\");\n").Append(VerbForms.Functions(context, answer, value));
        foreach (var form in forms)
        {
            script.Append(CultureInfo.InvariantCulture, $"{verb}({form});\n");
        }

        for (var i = 0; i < forms.Count; i++)
        {
            script.Append(CultureInfo.InvariantCulture, $"Route(\"/{i}\").{verb}({forms[i]}).Content(c => c.Text(\"\"));\n");
        }

        // Functions inside of a block are local functions; there the same forms hold.
        script.Append(CultureInfo.InvariantCulture, $"{{ void Local({context} r) {{ }} async Task LocalAsync({context} r) => await Task.Yield(); ");
        script.Append(answer is "Peer" ? "" : $"{verb}(Local); {verb}(LocalAsync); ");
        script.Append(answer is null ? "" : $"{answer} LocalAnswer({context} r) => {value}; {verb}(LocalAnswer); ").Append("}\n");

        await using var gateway = await TestGateway.StartAsync(script.ToString());

        Assert.Equal(forms.Count, gateway.Host.Current!.Routes.Count);
    }

    [Fact]
    public async Task Balancer_Action_DoesNotCompile()
    {
        var found = await TestGateway.FailAsync("Balancer(b => { });");
        Assert.NotEmpty(found);
    }

    [Fact]
    public async Task BackgroundVerbs_EveryForm_Compiles()
    {
        await using var gateway = await TestGateway.StartAsync("""
            void Start() { }
            Task StartTask() => Task.CompletedTask;
            ValueTask StartValueTask() => default;
            void Run(TimerContext t) { }
            Task RunTask(TimerContext t) => Task.CompletedTask;
            ValueTask RunValueTask(TimerContext t) => default;

            Init(() => { }); Init(async () => await Task.Yield()); Init(async () => { await Task.Yield(); }); Init(Start); Init(StartTask); Init(StartValueTask);
            Init(() => Task.CompletedTask); Init(() => default(ValueTask)); Init(() => Shared("x").Set("a", 1));
            Exit(() => { }); Exit(async () => await Task.Yield()); Exit(Start); Exit(StartTask); Exit(StartValueTask); Exit(() => Task.CompletedTask);
            Exit(() => throw new InvalidOperationException()); Exit(async () => throw new InvalidOperationException());
            Every(Hours(1), t => { }); Every(Hours(1), async t => await Task.Yield()); Every(Hours(1), Run); Every(Hours(1), RunTask); Every(Hours(1), RunValueTask);
            Every(Hours(1), t => throw new InvalidOperationException()); Every(Hours(1), async t => throw new InvalidOperationException());
            Every(Hours(1), t => { while (true) { } }); Every(Hours(1), t => t.Logger.LogInformation("x")); Every(Hours(1), t => Shared("x").Increment("n"));
            After(Hours(1), t => { }); After(Hours(1), async t => await Task.Yield()); After(Hours(1), Run); After(Hours(1), RunTask); After(Hours(1), RunValueTask);
            After(Hours(1), t => throw new InvalidOperationException()); After(Hours(1), async t => { await Task.Delay(1, t.Stopping); });
            After(Hours(1), t => { while (true) { } });
            """);
        Assert.NotNull(gateway.Host.Current);
    }

    [Fact]
    public async Task Once_EveryForm_Compiles()
    {
        await using var gateway = await TestGateway.StartAsync("""
            Task<int> MakeTask(CancellationToken stop) => Task.FromResult(4);
            ValueTask<int> MakeValueTask(CancellationToken stop) => new(5);
            int Make(CancellationToken stop) => 6;
            Route("/").Content(async c =>
            {
                int a = await Once("a", Minutes(1), async stop => { await Task.Yield(); return 1; });
                int b = await Once("b", Minutes(1), stop => 2);
                int x = await Once("c", Minutes(1), stop => Task.FromResult(3));
                int d = await Once("d", Minutes(1), MakeTask);
                int e = await Once("e", Minutes(1), MakeValueTask);
                int f = await Once("f", Minutes(1), Make);
                string g = await Once("g", Minutes(1), async stop => "7");
                return c.Text($"{a}{b}{x}{d}{e}{f}{g}");
            });
            """);
        Assert.Equal("1234567", await gateway.Client.GetStringAsync("/"));
    }

    [Fact]
    public async Task Certificate_EveryForm_Compiles()
    {
        await using var gateway = await TestGateway.StartAsync("""
            using System.Security.Cryptography.X509Certificates;
            X509Certificate2 Choose(CertificateContext c) => null;
            Task<X509Certificate2> ChooseTask(CertificateContext c) => Task.FromResult<X509Certificate2>(null);
            ValueTask<X509Certificate2> ChooseValueTask(CertificateContext c) => default;
            Certificate(c => null); Certificate(c => { return null; }); Certificate(async c => null); Certificate(Choose); Certificate(ChooseTask); Certificate(ChooseValueTask);
            Certificate(c => throw new InvalidOperationException()); Certificate(async c => throw new InvalidOperationException()); Certificate(c => { while (true) { } });
            Certificate(c => c.ServerName == "x" ? Choose(c) : null); Certificate(async c => await ChooseTask(c));
            """);
        Assert.NotNull(gateway.Host.Current);
    }

    private static (string Context, string? Answer, string? Value, List<string> Forms) Forms(string verb)
    {
        foreach (var (name, context, answer, value, mayAnswerNothing) in VerbForms.Answering)
        {
            if (name == verb)
            {
                IEnumerable<string> forms = [.. VerbForms.Common(context), .. VerbForms.Answers(context, answer, value), .. mayAnswerNothing ? VerbForms.Nothing(context) : []];
                return (context, answer, value, [.. forms]);
            }
        }

        var silent = VerbForms.Silent.Single(v => v.Verb == verb).Context;
        return (silent, null, null, [.. VerbForms.Common(silent), .. VerbForms.Nothing(silent)]);
    }
}
