using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using ScriptProxy.Core.Guarding;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.Guarding;

public sealed class GuardScopeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Scope_SynchronousHandler_AllocatesNothing()
    {
        var scope = new GuardScope();

        var allocated = await OnCleanThread(() =>
        {
            for (var i = 0; i < 100; i++)
                Serve(scope);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10_000; i++)
                Serve(scope);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });

        Assert.Equal(0, allocated);

        static void Serve(GuardScope scope)
        {
            var outer = Thread.CurrentThread.ExecutionContext;
            scope.Activate();
            scope.End(scope.Begin(Second));
            // What the async method around it does when it returns.
            if (outer is not null)
                ExecutionContext.Restore(outer);
        }
    }

    [Fact]
    public async Task Activate_InTheDefaultContext_IsCurrentThereAndInWhatItStarts()
    {
        var scope = new GuardScope();

        var (here, again, inTask) = await OnCleanThread(() =>
        {
            var outer = ExecutionContext.Capture()!;
            scope.Activate();
            var here = ScriptScope.Current;
            ExecutionContext.Restore(outer);
            Assert.Null(ScriptScope.Current);
            scope.Activate();
            return (here, ScriptScope.Current, Task.Run(() => ScriptScope.Current).Result);
        });

        Assert.Same(scope, here);
        Assert.Same(scope, again);
        Assert.Same(scope, inTask);
    }

    [Fact]
    public void Activate_InAContextWithOtherValues_KeepsThem()
    {
        var other = new AsyncLocal<string> { Value = "kept" };
        var scope = new GuardScope();

        scope.Activate();

        Assert.Same(scope, ScriptScope.Current);
        Assert.Equal("kept", other.Value);
        ScriptScope.Current = null;
    }

    [Fact]
    public async Task Wait_OfAnyLength_IsFree()
    {
        using var code = GuardedCode.Class("public static async Task Run(Task[] gates) { foreach (var gate in gates) { await gate; for (var i = 0; i < 1000; i++) Thread.SpinWait(1); } }");
        var gates = Enumerable.Range(0, 4).Select(_ => new TaskCompletionSource()).ToArray();
        var handler = code.Method<Func<Task[], Task>>();

        var running = Task.Run(() => GuardRunner.RunAsync(() => handler([.. gates.Select(gate => gate.Task)])));
        foreach (var gate in gates)
        {
            // Each wait is longer than the budget of ten ticks.
            await GuardRunner.Ticks(15);
            Assert.False(running.IsCompleted);
            gate.SetResult();
        }

        Assert.Null(await running.WaitAsync(GuardRunner.Patience));
    }

    [Fact]
    public async Task Wait_ThatBlocksTheThread_IsFree()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The running time of a thread is known on Linux only.");
        using var code = GuardedCode.Class("public static void Run(ManualResetEventSlim gate) { gate.Wait(); for (var i = 0; i < 1000; i++) Thread.SpinWait(1); }");
        using var gate = new ManualResetEventSlim();
        var handler = code.Method<Action<ManualResetEventSlim>>();

        var running = GuardRunner.OnThread(() => GuardRunner.Run(() => handler(gate)));
        await GuardRunner.Ticks(30);
        gate.Set();

        Assert.Null(await running);
    }

    [Fact]
    public async Task Wait_BetweenShortWorkForLong_IsNotStopped()
    {
        // A stream: a thousand chunks, each a wait and a little work, for many times the budget.
        using var code = GuardedCode.Class("public static async Task Run(System.Threading.Channels.ChannelReader<int> chunks) { await foreach (var i in chunks.ReadAllAsync()) Thread.SpinWait(i); }");
        var channel = System.Threading.Channels.Channel.CreateBounded<int>(1);
        var handler = code.Method<Func<System.Threading.Channels.ChannelReader<int>, Task>>();

        var running = Task.Run(() => GuardRunner.RunAsync(() => handler(channel.Reader)));
        for (var until = GuardClock.Now + 60; GuardClock.Now < until;)
        {
            await channel.Writer.WriteAsync(10);
            Thread.SpinWait(1000);
            await Task.Yield();
        }
        channel.Writer.Complete();

        Assert.Null(await running.WaitAsync(GuardRunner.Patience));
    }

    [Fact]
    public void Charge_WithIdleTimeBetween_IsForgivenATenthOfIt()
    {
        var scope = new GuardScope();
        var now = 1000L;

        // 50 ms of work and 600 ms of waiting, for two minutes.
        for (var i = 0; i < 200; i++, now += 61)
        {
            scope.Charge(TimeSpan.FromMilliseconds(50).Ticks, now, once: true);
            Assert.False(scope.IsOverdue(now));
        }

        // The same work without waiting.
        for (var i = 0; i < 19; i++, now++)
            scope.Charge(TimeSpan.FromMilliseconds(50).Ticks, now, once: true);
        Assert.False(scope.IsOverdue(now));
        scope.Charge(TimeSpan.FromMilliseconds(50).Ticks, now, once: true);
        scope.Charge(TimeSpan.FromMilliseconds(50).Ticks, ++now, once: true);
        Assert.True(scope.IsOverdue(now));

        // A wait before it was stopped is a wait.
        Assert.False(scope.IsOverdue(now + 1000));
    }

    [Fact]
    public async Task Stop_OfOneScope_LeavesOthersAlone()
    {
        using var code = GuardedCode.Class("""
            public static void Endless() { while (true) { } }
            public static int Counted(Func<bool> goOn) { var n = 0; while (goOn()) n++; return n; }
            """);
        var endless = code.Method<Action>("Endless");
        var counted = code.Method<Func<Func<bool>, int>>("Counted");
        var stops = 0;

        var other = GuardRunner.OnThread(() =>
        {
            var scope = new GuardScope();
            scope.Activate();
            var run = scope.Begin(GuardRunner.Patience);
            try
            {
                return counted(() => Volatile.Read(ref stops) < 3);
            }
            finally
            {
                scope.End(run);
            }
        });
        for (var i = 0; i < 3; i++)
        {
            Assert.IsType<ScriptOverrunException>(await GuardRunner.OnThread(() => GuardRunner.Run(endless)));
            Interlocked.Increment(ref stops);
        }

        Assert.True(await other > 1000);
    }

    [Fact]
    public async Task Stop_WithinItsBudget_ComesSoon()
    {
        using var code = GuardedCode.Class("public static void Run() { while (true) { } }");
        var endless = code.Method<Action>();

        var ticks = await GuardRunner.OnThread(() =>
        {
            var start = GuardClock.Now;
            GuardRunner.Run(endless);
            return GuardClock.Now - start;
        });

        // Ten of its own; the rest is for the other tests, which compete for the processors.
        Assert.InRange(ticks, 9, 200);
    }

    [Fact]
    public async Task Stop_OfManyYieldingLoopsAtOnce_StopsAllWithTheirLine()
    {
        using var code = GuardedCode.Class("public static async Task Run()\n{\nwhile (true)\nawait Task.Yield(); }");
        var handler = code.Method<Func<Task>>();

        var errors = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(() => GuardRunner.RunAsync(handler)))).WaitAsync(GuardRunner.Patience);

        Assert.All(errors, error => Assert.Contains("code.cs:line 4", Assert.IsType<ScriptOverrunException>(error).StackTrace, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Begin_Nested_OuterTimeStandsStillAndGoesOn()
    {
        using var code = GuardedCode.Class("public static void Run() { while (true) { } } public static void Outer(Action inner) { inner(); while (true) { } }");
        var endless = code.Method<Action>();
        var outer = code.Method<Action<Action>>("Outer");
        Exception? inner = null;

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(() => outer(() =>
        {
            var around = ScriptScope.Current;
            inner = GuardRunner.Run(endless);
            ScriptScope.Current = around;
        })));

        Assert.IsType<ScriptOverrunException>(inner);
        Assert.IsType<ScriptOverrunException>(error);
    }

    [Fact]
    public async Task Begin_NestedInTheSameScope_DoesNotRenewTheOuterBudget()
    {
        using var code = GuardedCode.Class("public static void Run(Action nested) { while (true) nested(); }");
        var handler = code.Method<Action<Action>>();
        var scope = new GuardScope();

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(() => handler(() => scope.End(scope.Begin(Second))), scope));

        Assert.IsType<ScriptOverrunException>(error);
    }

    [Fact]
    public async Task Begin_AfterAStop_HasAFullBudget()
    {
        using var code = GuardedCode.Class("public static async Task Run() { await Task.Yield(); while (true) { } } public static async Task<int> After() { await Task.Yield(); var n = 0; for (var i = 0; i < 100; i++) n += i; return n; }");
        var scope = new GuardScope();

        var first = await Task.Run(() => GuardRunner.RunAsync(code.Method<Func<Task>>(), scope)).WaitAsync(GuardRunner.Patience);
        var second = await Task.Run(() => GuardRunner.RunAsync(code.Method<Func<Task<int>>>("After"), scope)).WaitAsync(GuardRunner.Patience);

        Assert.IsType<ScriptOverrunException>(first);
        Assert.Null(second);
    }

    [Fact]
    public async Task Begin_WithoutABudget_IsNeverStopped()
    {
        using var code = GuardedCode.Class("public static void Run(Func<bool> goOn) { while (goOn()) { } }");
        var handler = code.Method<Action<Func<bool>>>();
        var scope = new GuardScope();

        var error = await GuardRunner.OnThread(() =>
        {
            scope.Activate();
            var run = scope.Begin(Timeout.InfiniteTimeSpan);
            var until = GuardClock.Now + 20;
            var error = Record.Exception(() => handler(() => GuardClock.Now < until));
            scope.End(run);
            return error;
        });

        Assert.Null(error);
        Assert.InRange(scope.LastRun, 20, 1000);
    }

    [Fact]
    public async Task Refill_WhileDataMoves_KeepsAWorkingFilterAlive()
    {
        using var code = GuardedCode.Class("public static void Run(Func<bool> move) { while (move()) { } }");
        var handler = code.Method<Action<Func<bool>>>();
        var scope = new GuardScope();
        var until = GuardClock.Now + 40;

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(() => handler(() =>
        {
            scope.Refill();
            return GuardClock.Now < until;
        }), scope));

        Assert.Null(error);
    }

    [Fact]
    public async Task Stop_RunsTheFinallyBlocksOfTheScript()
    {
        using var code = GuardedCode.Class("""
            public static void Run(Action<string> note) { try { using (new Closing(note)) while (true) { } } catch { note("caught"); } finally { Note(note); } }
            static void Note(Action<string> note) { for (var i = 0; i < 3; i++) note("finally"); }
            sealed class Closing(Action<string> note) : IDisposable { public void Dispose() => note("disposed"); }
            public static async Task Async(Action<string> note) { try { await using (new Slow(note)) while (true) { } } catch { note("caught"); } finally { await Task.Yield(); Note(note); } }
            sealed class Slow(Action<string> note) : IAsyncDisposable { public async ValueTask DisposeAsync() { await Task.Yield(); note("disposed"); } }
            """);
        var notes = new List<string>();

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(() => code.Method<Action<Action<string>>>()(notes.Add)));
        Assert.IsType<ScriptOverrunException>(error);
        Assert.Equal(["disposed", "finally", "finally", "finally"], notes);

        notes.Clear();
        error = await Task.Run(() => GuardRunner.RunAsync(() => code.Method<Func<Action<string>, Task>>("Async")(notes.Add))).WaitAsync(GuardRunner.Patience);
        Assert.IsType<ScriptOverrunException>(error);
        Assert.Equal(["disposed", "finally", "finally", "finally"], notes);
    }

    [Fact]
    public void Install_SetsTheDefaultTimeoutOfRegexes()
    {
        try
        {
            Guard.Install(TimeSpan.FromSeconds(2));

            Assert.Equal(TimeSpan.FromSeconds(2), AppContext.GetData("REGEX_DEFAULT_MATCH_TIMEOUT"));
        }
        finally
        {
            AppContext.SetData("REGEX_DEFAULT_MATCH_TIMEOUT", null);
        }
    }

    [Fact]
    public async Task Stop_IsCounted()
    {
        using var code = GuardedCode.Class("public static void Run() { while (true) { } }");
        var counted = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "scriptproxy.scripts.stopped")
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        var before = Guard.Stopped;

        await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        // At least: other tests stop scripts at the same time.
        Assert.True(Guard.Stopped > before);
        Assert.True(Interlocked.Read(ref counted) > 0);
    }

    [Fact]
    public async Task Stop_LeavesNothingThatKeepsTheScriptLoaded()
    {
        var context = await StopAndUnload();

        for (var i = 0; i < 50 && context.IsAlive; i++)
        {
            await GuardRunner.Ticks(1);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(context.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> StopAndUnload()
    {
        using var code = GuardedCode.Class("public static void Run() { while (true) { } } public static async Task Async() { await Task.Yield(); while (true) { } }");
        Assert.IsType<ScriptOverrunException>(await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>())));
        Assert.IsType<ScriptOverrunException>(await Task.Run(() => GuardRunner.RunAsync(code.Method<Func<Task>>("Async"))));
        return new WeakReference(code.Context);
    }

    /// <summary>A thread whose execution context is the default one, as a connection's is.</summary>
    private static Task<T> OnCleanThread<T>(Func<T> run)
    {
        using (ExecutionContext.SuppressFlow())
            return GuardRunner.OnThread(run);
    }
}
