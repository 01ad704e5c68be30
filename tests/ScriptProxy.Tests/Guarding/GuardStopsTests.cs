using ScriptProxy.Core.Guarding;

namespace ScriptProxy.Tests.Guarding;

public sealed class GuardStopsTests
{
    private const string Helpers = """

        static IEnumerable<int> Endless() { var i = 0; while (true) yield return unchecked(i++); }
        static void Even(int n) => Odd(n + 1);
        static void Odd(int n) => Even(n + 1);
        static int Fib(int n) => n < 2 ? n : Fib(n - 1) + Fib(n - 2);
        static bool True(int n) => n >= int.MinValue;
        class Getter { public int Value { get { while (true) { } } } }
        class Constructor { public Constructor() { while (true) { } } }
        class Static { public static int Value; static Static() { while (Value >= 0) { } } }
        """;

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("for (;;) { }")]
    [InlineData("for (var i = 0; i < 10; i--) { if (i < -5) i = 5; }")]
    [InlineData("do { } while (true);")]
    [InlineData("again: goto again;")]
    [InlineData("var n = 0; again: n++; if (n > 0) { n = 0; goto again; }")]
    [InlineData("foreach (var i in Endless()) { }")]
    [InlineData("Endless().All(i => true);")]
    [InlineData("Endless().Where(i => i < 0).ToList();")]
    [InlineData("Enumerable.Repeat(1, int.MaxValue).SelectMany(i => Enumerable.Repeat(i, int.MaxValue)).All(True);")]
    [InlineData("Fib(70);")]
    [InlineData("var s = 0; while (true) switch (s) { case 0: s = 1; break; case 1: s = 2; break; case 2: s = 3; continue; default: s = 0; continue; }")]
    [InlineData("var x = \"a\"; loop: switch (x) { case \"a\": x = \"b\"; goto loop; case \"b\": x = \"a\"; goto loop; }")]
    [InlineData("while (true) try { while (true) { } } catch { }")]
    [InlineData("while (true) try { while (true) { } } catch (Exception) { }")]
    [InlineData("while (true) try { while (true) { } } catch (Exception e) when (e.Message.Length >= 0) { }")]
    [InlineData("while (true) try { while (true) { } } catch when (True(1)) { }")]
    [InlineData("while (true) try { while (true) { } } catch (InvalidOperationException) { } catch (Exception e) { Console.Out.Flush(); }")]
    [InlineData("while (true) try { throw new Exception(); } catch { }")]
    [InlineData("while (true) try { throw new Exception(); } catch { continue; } finally { }")]
    [InlineData("Catch<Exception>(); static void Catch<T>() where T : Exception { while (true) try { while (true) { } } catch (T e) { e.ToString(); } }")]
    [InlineData("bool b = true; try { while (b) { } } finally { while (b) { } }")]
    [InlineData("bool b = true; try { } finally { while (b) { } }")]
    [InlineData("while (true) try { while (true) { } } finally { True(1); }")]
    [InlineData("_ = new Getter().Value;")]
    [InlineData("new Constructor();")]
    [InlineData("Local(); void Local() { while (true) { } }")]
    [InlineData("var n = 0; Local(); void Local() { while (true) n++; }")]
    [InlineData("Action a = () => { while (true) { } }; a();")]
    [InlineData("Action a = null; var n = 0; a = () => { if (n++ < 1000) a(); n--; }; while (true) { n = 0; a(); }")]
    [InlineData("lock (new object()) while (true) { }")]
    [InlineData("using (new System.IO.MemoryStream()) while (true) { }")]
    [InlineData("var data = new byte[4_000_000]; while (true) System.Security.Cryptography.SHA256.HashData(data);")]
    [InlineData("var list = new List<int>(Enumerable.Range(0, 100_000)); while (true) list.Sort((a, b) => b.CompareTo(a));")]
    [InlineData("Parallel.For(0, int.MaxValue, i => { while (true) { } });")]
    public async Task Guard_EndlessHandler_IsStopped(string body)
    {
        using var code = GuardedCode.Class($"public static void Run() {{ {body} }} {Helpers}");

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        if (error is AggregateException many)
            error = many.Flatten().InnerExceptions[0];
        Assert.IsType<ScriptOverrunException>(error);
        Assert.Contains("100 ms", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Deep(0); static int Deep(int n) => Deep(n + 1) + 1;")]
    [InlineData("Even(0);")]
    [InlineData("Action a = null; a = () => a(); a();")]
    [InlineData("Func<int, int> f = null; f = n => f(n + 1) + 1; f(0);")]
    [InlineData("new Loop().ToString();")]
    [InlineData("var l = new[] { 1 }.ToList(); void F(int i) => l.ForEach(F); F(1);")]
    [InlineData("Async().GetAwaiter().GetResult(); static async Task Async() => await Async();")]
    [InlineData("_ = new Ring().Next;")]
    public async Task Guard_DeepRecursion_IsAnOrdinaryError(string body)
    {
        using var code = GuardedCode.Class($$"""
            public static void Run() { {{body}} } {{Helpers}}
            class Loop { public override string ToString() => $"{this}!"; }
            class Ring { public Ring Next => new Ring().Next; }
            """);

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        Assert.IsType<InsufficientExecutionStackException>(error);
    }

    [Theory]
    [InlineData("int F(int n) { try { return F(n + 1) + 1; } catch (Exception) { return F(n + 1); } }")]
    [InlineData("int F(int n) { try { return F(n + 1) + 1; } catch { F(n + 1); throw; } finally { n++; } }")]
    [InlineData("int F(int n) { try { return F(n + 1) + 1; } catch (Exception e) when (e.Message != null) { return F(n + 1); } }")]
    public async Task Guard_RecursionThatCatchesItsOwnEnd_IsStopped(string function)
    {
        using var code = GuardedCode.Class($"public static void Run() => F(0); static {function}");

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        Assert.IsType<ScriptOverrunException>(error);
    }

    [Fact]
    public async Task Guard_StaticConstructor_IsStopped()
    {
        using var code = GuardedCode.Class($"public static int Run() => Static.Value; {Helpers}");

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Func<int>>(), null, out _));

        Assert.IsType<ScriptOverrunException>(Assert.IsType<TypeInitializationException>(error).InnerException);
    }

    [Fact]
    public async Task Guard_StopSwallowedByTheFramework_StopsTheLoopAroundIt()
    {
        using var code = GuardedCode.Class($"public static void Run() {{ while (true) try {{ Static.Value++; }} catch (Exception) {{ }} }} {Helpers}");

        var error = await GuardRunner.OnThread(() => GuardRunner.Run(code.Method<Action>()));

        Assert.IsType<ScriptOverrunException>(error);
    }

    [Theory]
    [InlineData("while (true) await Task.Yield();")]
    [InlineData("while (true) await Task.CompletedTask;")]
    [InlineData("await Task.Yield(); while (true) { }")]
    [InlineData("await gate; while (true) { }")]
    [InlineData("await gate; while (true) try { while (true) { } } catch { }")]
    [InlineData("await gate; while (true) try { while (true) await Task.Yield(); } catch (Exception e) { await Task.Yield(); }")]
    [InlineData("while (true) try { await gate; while (true) { } } catch (Exception e) when (e.Message != \"\") { await gate; }")]
    [InlineData("while (true) try { await gate; while (true) { } } catch { await gate; throw; }")]
    [InlineData("while (true) try { await gate; while (true) { } } finally { await gate; }")]
    [InlineData("await gate; await Inner(); async Task Inner() { await Task.Yield(); while (true) { } }")]
    [InlineData("await gate; while (true) await Inner(); async Task Inner() { await Task.Yield(); }")]
    [InlineData("await gate; while (true) try { await Inner(); } catch { } async Task Inner() { await Task.Yield(); while (true) { } }")]
    [InlineData("await gate; await Task.Run(() => { while (true) { } });")]
    [InlineData("await Task.Run(() => { while (true) { } });")]
    [InlineData("await Task.Run(async () => { await gate; while (true) { } });")]
    [InlineData("await Task.Factory.StartNew(() => { while (true) { } });")]
    [InlineData("await gate; await gate.ContinueWith(t => { while (true) { } });")]
    [InlineData("await gate; await foreach (var i in Numbers()) { } async IAsyncEnumerable<int> Numbers() { while (true) { yield return 1; await Task.Yield(); } }")]
    [InlineData("await gate; await foreach (var i in Numbers()) { } async IAsyncEnumerable<int> Numbers() { while (true) yield return 1; }")]
    [InlineData("await gate; await foreach (var i in Numbers()) { } async IAsyncEnumerable<int> Numbers() { yield return 1; while (true) { } }")]
    [InlineData("await gate; await using var d = new Slow(); while (true) { }")]
    [InlineData("await gate; var data = new byte[4_000_000]; while (true) System.Security.Cryptography.SHA256.HashData(data);")]
    [InlineData("await gate; Enumerable.Repeat(1, int.MaxValue).SelectMany(i => Enumerable.Repeat(i, int.MaxValue)).All(i => i == 1);")]
    [InlineData("var list = new List<Task>(); for (var i = 0; i < 4; i++) list.Add(Task.Run(() => { while (true) { } })); await Task.WhenAll(list);")]
    [InlineData("ValueTask v = Inner(); await v; async ValueTask Inner() { await gate; while (true) { } }")]
    public async Task Guard_EndlessAsyncHandler_IsStopped(string body)
    {
        using var code = GuardedCode.Class($$"""
            public static async Task Run(Task gate) { {{body}} }
            class Slow : IAsyncDisposable { public async ValueTask DisposeAsync() => await Task.Yield(); }
            """);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = code.Method<Func<Task, Task>>();

        var running = Task.Run(() => GuardRunner.RunAsync(() => handler(gate.Task)));
        await GuardRunner.Ticks(3);
        gate.SetResult();
        var error = await running.WaitAsync(GuardRunner.Patience);

        Assert.IsType<ScriptOverrunException>(error);
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("await Task.Yield(); while (true) { }")]
    [InlineData("while (true) await Task.Yield();")]
    [InlineData("int n = 0; void Local() { while (true) n++; } Local();")]
    [InlineData("class A { public A() { while (true) { } } } new A();")]
    [InlineData("while (true) try { while (true) { } } catch { }")]
    public async Task Guard_EndlessScript_IsStopped(string source)
    {
        using var code = GuardedCode.Script(source);

        var error = await Task.Run(() => GuardRunner.RunAsync(code.RunScript)).WaitAsync(GuardRunner.Patience);

        Assert.IsType<ScriptOverrunException>(error);
    }
}
