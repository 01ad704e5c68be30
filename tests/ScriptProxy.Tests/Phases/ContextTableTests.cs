using System.Reflection;
using ScriptProxy.Caching;

namespace ScriptProxy.Tests.Phases;

/// <summary>Which phase offers which member. A reviewed table: what makes no sense in a phase must not compile there.</summary>
public class ContextTableTests
{
    private const string Common = "Aborted BearerToken ClientIp Get HttpContext Logger Request RequestId Response Route Set Subrequest Time";
    private const string Verdicts = Common + " Drop Exec Json Next Redirect Respond";
    private const string RequestBody = Verdicts + " ReadBodyAsync ReadBytesAsync ReadJsonAsync SetBody";
    private const string Body = Common + " Buffer Events Lines ReplaceText Transform";

    public static TheoryData<Type, string> Table => new()
    {
        { typeof(RewriteContext), RequestBody },
        { typeof(AccessContext), RequestBody },
        { typeof(ContentContext), RequestBody + " Bytes File Text" },
        { typeof(LookupContext), Common + " Bypass Default Key Vary" },
        { typeof(BalancerContext), Common + " AllPeers Attempts Peers Pick Tagged Where" },
        { typeof(RequestBodyFilterContext), Body },
        { typeof(UpstreamRequestContext), Common + " Address Attempts Headers Method Peer" },
        { typeof(UpstreamResponseContext), Common + " Attempts Default Headers Peer Retry Skip StatusCode Store UpstreamElapsed" },
        { typeof(HeaderFilterContext), Common + " Attempts CacheOutcome CacheReason Elapsed Error Peer ReplaceBody UpstreamElapsed" },
        { typeof(BodyFilterContext), Body + " CacheOutcome Peer" },
        { typeof(ErrorContext), Verdicts + " Attempts Error Peer Source" },
        { typeof(LogContext), Common + " Attempts BytesSent CacheOutcome CacheReason Elapsed Error HideClient Peer UpstreamElapsed" },
        { typeof(CacheContext), Common + " Adopt BeginAnswerAsync Decision Fetch Key Outcome PassAsync Reason Variant WriteAsync" },
        { typeof(CertificateContext), "Aborted ClientIp Logger Protocols ServerName Time" },
        { typeof(TimerContext), "Logger Stopping Time" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Context_Members_AreThoseOfTheTable(Type context, string members)
    {
        var found = context.GetMembers(BindingFlags.Public | BindingFlags.Instance)
            .Where(m => m.DeclaringType != typeof(object) && m is PropertyInfo or MethodInfo { IsSpecialName: false })
            .Where(m => m.DeclaringType != typeof(object))
            .Select(m => m.Name).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(members.Split(' ').Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public void Context_EveryOne_IsInTheTable()
    {
        var contexts = typeof(ExchangeContext).Assembly.GetExportedTypes()
            .Where(t => !t.IsAbstract && (t.IsSubclassOf(typeof(ExchangeContext)) || t.Name.EndsWith("Context", StringComparison.Ordinal)));
        Assert.Empty(contexts.Except(Table.Select(row => row.Data.Item1)));
    }

    [Fact]
    public void PublicSurface_NamesNoTypeOfYarpOrRoslyn()
    {
        var seen = typeof(ExchangeContext).Assembly.GetExportedTypes()
            .SelectMany(t => t.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static))
            .SelectMany(m => m switch
            {
                PropertyInfo p => new[] { p.PropertyType },
                MethodInfo f => [f.ReturnType, .. f.GetParameters().Select(p => p.ParameterType)],
                ConstructorInfo c => c.GetParameters().Select(p => p.ParameterType),
                _ => [],
            });
        Assert.DoesNotContain(seen, t => t.ToString() is var name && (name.Contains("Yarp", StringComparison.Ordinal) || name.Contains("CodeAnalysis", StringComparison.Ordinal)));
    }
}
