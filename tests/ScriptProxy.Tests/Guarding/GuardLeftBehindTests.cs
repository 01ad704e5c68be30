using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Tests.Guarding;

/// <summary>Code that goes on after the handler that started it, or where nobody waits for it.</summary>
public sealed class GuardLeftBehindTests
{
    [Theory]
    [InlineData("return Task.Run(() => { while (true) { } });")]
    [InlineData("return Task.Run(async () => { await Task.Yield(); while (true) { } });")]
    [InlineData("return Loop(); async Task Loop() { while (true) await Task.Yield(); }")]
    public async Task Stop_OfWhatTheHandlerLeftBehind_ComesAfterItsRequest(string start)
    {
        using var code = GuardedCode.Class($"public static Task Run() {{ {start} }}");
        var scope = new GuardScope();

        var left = await GuardRunner.OnThread(() =>
        {
            GuardRunner.Run(code.Method<Func<Task>>(), scope, out var task);
            return task!;
        });

        await Assert.ThrowsAsync<ScriptOverrunException>(() => left.WaitAsync(GuardRunner.Patience));
        Assert.False(scope.Reusable);
    }

    [Theory]
    [InlineData("static void Run(Action done) { try { while (true) { } } finally { done(); } } public static void Start(Action done) => new Thread(() => Run(done)).Start();")]
    [InlineData("static Timer timer; public static void Start(Action done) => timer = new Timer(_ => { try { while (true) { } } finally { done(); } }, null, 0, Timeout.Infinite);")]
    [InlineData("public static void Start(Action done) => ThreadPool.QueueUserWorkItem(_ => { try { while (true) { } } finally { done(); } });")]
    [InlineData("public static void Start(Action done) => ThreadPool.UnsafeQueueUserWorkItem(_ => { try { while (true) { } } finally { done(); } }, null);")]
    [InlineData("public static async void Start(Action done) { await Task.Yield(); try { while (true) { } } finally { done(); } }")]
    public async Task Stop_WhereNobodyCouldCatchIt_IsReportedAndDoesNotEndTheProcess(string members)
    {
        using var code = GuardedCode.Class(members);
        var reported = new TaskCompletionSource<ScriptOverrunException>(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Guard.Unobserved = reported.SetResult;
        try
        {
            await GuardRunner.OnThread(() => GuardRunner.Run(() => code.Method<Action<Action>>("Start")(() => done.TrySetResult())));
            await done.Task.WaitAsync(GuardRunner.Patience);

            Assert.Contains("code.cs:line 1", (await reported.Task.WaitAsync(GuardRunner.Patience)).StackTrace!, StringComparison.Ordinal);
        }
        finally
        {
            Guard.Unobserved = null;
        }
    }

    [Theory]
    [InlineData("return 1;", true)]
    [InlineData("return Task.CompletedTask.IsCompleted ? 1 : 2;", true)]
    [InlineData("return Interlocked.Increment(ref field);", true)]
    [InlineData("return new[] { 1 }.Sum(x => x);", true)]
    [InlineData("return Inner().Result; static async Task<int> Inner() { await Task.CompletedTask; return 1; }", true)]
    [InlineData("Task.Run(() => { }); return 1;", false)]
    [InlineData("new Timer(_ => { }, null, 1000, 1000).Dispose(); return 1;", false)]
    [InlineData("new Thread(() => { }).Start(); return 1;", false)]
    [InlineData("_ = Inner(); return 1; static async Task Inner() => await Task.Yield();", false)]
    [InlineData("_ = Inner(); return 1; static async Task Inner() => await new TaskCompletionSource().Task;", false)]
    public async Task Reusable_AfterAHandler_IsTrueWhereNothingIsLeft(string body, bool reusable)
    {
        using var code = GuardedCode.Class($"static int field; public static int Run() {{ {body} }}");
        var scope = new GuardScope();

        Assert.Null(await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Func<int>>(), scope, out _)));

        Assert.Equal(reusable, scope.Reusable);
    }
}
