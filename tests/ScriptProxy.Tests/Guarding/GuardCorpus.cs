namespace ScriptProxy.Tests.Guarding;

/// <summary>Ordinary code of every shape that the compiler lowers in its own way. Each body answers with a value that shows the way it took.</summary>
internal static class GuardCorpus
{
    public static readonly string[] Bodies =
    [
        "var s = 0; for (var i = 0; i < 1000; i++) { if (i % 3 == 0) continue; if (i > 900) break; s += i; } return s;",
        "var s = 0; var i = 0; do { s += i; } while (++i < 50); while (i-- > 0) s ^= i; return s;",
        "var t = \"\"; for (var i = 0; i < 3; i++) for (var j = 0; j < 3; j++) { if (j == i) goto next; t += i + \":\" + j + \" \"; next: ; } return t;",
        "try { throw new InvalidOperationException(\"a\"); } catch (InvalidOperationException e) { return e.Message; } catch (Exception) { return \"b\"; }",
        "var t = \"\"; try { try { throw new ArgumentException(\"x\"); } finally { t += \"f\"; } } catch (Exception e) when (Note(ref t, e)) { t += \"!\"; } catch (ArgumentException) { t += \"c\"; } return t; bool Note(ref string s, Exception e) { s += \"w\"; return e is null; }",
        "var t = \"\"; for (var i = 0; i < 5; i++) { try { if (i == 1) continue; if (i == 3) break; t += i; } catch { t += \"c\"; } finally { t += \"f\"; } } return t;",
        "try { try { throw new Exception(\"in\"); } catch { throw; } } catch (Exception e) { return e.Message; }",
        "try { object o = null; return o.ToString(); } catch (NullReferenceException) { return \"null\"; } finally { Log(\"f\"); }",
        "var t = \"\"; try { try { int.Parse(\"x\"); } catch (FormatException e) when (e.InnerException is null) { t += 1; throw new Exception(\"2\", e); } } catch (Exception e) { t += e.Message + e.InnerException.GetType().Name; } return t;",
        "string F<T>() where T : Exception, new() { try { throw new T(); } catch (T e) { return e.GetType().Name; } } return F<ArgumentException>() + F<Exception>();",
        "string F<T>() where T : Exception { try { throw new ArgumentException(); } catch (T) { return \"t\"; } catch { return \"u\"; } } return F<ArgumentException>() + F<FormatException>();",
        "return string.Join(',', Numbers(10)); IEnumerable<int> Numbers(int n) { try { for (var i = 0; i < n; i++) { if (i == 7) yield break; yield return i * i; } } finally { Log(\"done\"); } }",
        "foreach (var x in Numbers()) if (x > 3) break; return Last(); IEnumerable<int> Numbers() { try { var i = 0; while (true) yield return i++; } finally { Log(\"disposed\"); } }",
        "var q = from a in Enumerable.Range(1, 20) where a % 2 == 0 join b in Enumerable.Range(1, 10) on a equals b * 2 group a by a % 3 into g orderby g.Key select g.Key + \"=\" + g.Sum(); return string.Join(' ', q);",
        "object o = 5; return o switch { int n when n > 10 => \"big\", int n and (> 3 and < 8) => \"mid\" + n, string { Length: > 2 } s => s, null => \"null\", _ => \"other\" };",
        "var l = new List<int> { 1, 2, 3, 4 }; return l is [var first, .. var rest, var last] ? first + rest.Count + last : 0;",
        "Span<int> s = stackalloc int[16]; for (var i = 0; i < s.Length; i++) s[i] = i * i; var sum = 0; foreach (ref var x in s) { x++; sum += x; } return sum + s[3..5].Length;",
        "ReadOnlySpan<char> text = \"a,b,,c\"; var n = 0; foreach (var range in text.Split(',')) n += text[range].Length + 1; return n;",
        "var r = new Acc(stackalloc int[4]); r.Add(3); r.Add(4); return r.Sum();",
        "var p = new Point(1, 2) with { Y = 5 }; var (x, y) = p; return p + \" \" + x + y + (p == new Point(1, 5));",
        "int a = 1, b = 2; ref int m = ref (a > b ? ref a : ref b); m = 9; (a, b) = (b, a); return a * 10 + b;",
        "var n = 0; Func<int, Func<int, int>> add = x => y => { n++; return x + y; }; var five = add(2)(3); return five + n + Enumerable.Range(0, 5).Aggregate((x, y) => add(x)(y));",
        "int Fact(int k) => k <= 1 ? 1 : k * Fact(k - 1); int depth = 0; int Walk(int k) { depth++; return k == 0 ? 0 : 1 + Walk(k - 1); } return Fact(10) + Walk(500) + depth;",
        "using var s = new System.IO.MemoryStream(); using (var w = new System.IO.StreamWriter(s, leaveOpen: true)) { lock (s) w.Write(\"hello\"); } return s.Length;",
        "checked { try { var i = int.MaxValue; i++; return i; } catch (OverflowException) { return \"overflow\"; } }",
        "var e = new Source(); var t = \"\"; EventHandler h = (_, _) => t += \"e\"; e.Happened += h; e.Raise(); e.Happened -= h; e.Raise(); return t;",
        "dynamic_free: var d = new Dictionary<string, int>(); foreach (var w in \"a b a c a\".Split(' ')) d[w] = d.GetValueOrDefault(w) + 1; if (d.Count > 99) goto dynamic_free; return string.Join(',', d.OrderBy(p => p.Key).Select(p => p.Key + p.Value));",
        "return Static.Value + new Static().Instance + Generic<int>.Name + Generic<string>.Name;",
        "var s = \"x\"; switch (s + 1) { case \"x0\": return 0; case \"x1\": s = \"one\"; goto case \"x2\"; case \"x2\": return s; default: throw new Exception(); }",
        "var big = new long[40]; switch (big.Length % 7) { case 0: return 0; case 1: return 1; case 2: return 2; case 3: return 3; case 4: return 4; case 5: return big.Sum() + 5; default: return 6; }",
        "var lazy = new Lazy<int>(() => 42); Action a = () => Log(\"a\"); a += () => Log(\"b\"); a(); return lazy.Value + Last().Length;",
        "int? n = null; n ??= 4; string s = null; return (s?.Length ?? -1) + n.Value + (n is > 3 ? 1 : 0);",
        "return ((Func<int>)(() => { try { return 1; } finally { Log(\"x\"); } }))() + Last();",
        "var f = new System.Text.StringBuilder(); foreach (var c in \"abc\") f.Append($\"{c,2}|\").AppendFormat(\"{0:x}\", (int)c); return f.ToString();",
    ];

    public static readonly string[] AsyncBodies =
    [
        "await Task.Yield(); return 1;",
        "var s = 0; for (var i = 0; i < 20; i++) { if (i % 5 == 0) await Task.Yield(); s += await Value(i); } return s;",
        "try { await Fail(); return 0; } catch (InvalidOperationException e) { await Task.Yield(); return e.Message; } finally { await Task.Yield(); Log(\"f\"); }",
        "var t = \"\"; try { try { await Fail(); } finally { await Task.Yield(); t += \"f\"; } } catch (Exception e) when (e.Message.Length > 0) { await Task.Yield(); t += \"w\"; } return t;",
        "try { try { await Fail(); return 0; } catch { await Task.Yield(); throw; } } catch (Exception e) { return e.Message + e.GetType().Name; }",
        "try { await Fail(); } catch { Log(\"c\"); } return Last();",
        "var t = \"\"; await foreach (var x in Numbers(5)) { if (x == 3) break; t += x; } return t + Last();",
        "var t = \"\"; await foreach (var x in Numbers(3).Select(x => x * 2)) t += x; return t;",
        "await using (var d = new Closing()) { await Task.Yield(); Log(\"in\"); } return Last();",
        "return (await Task.WhenAll(Enumerable.Range(0, 5).Select(async i => { await Task.Yield(); return i; }))).Sum();",
        "return await Task.Run(() => { var s = 0; for (var i = 0; i < 10; i++) s += i; return s; }) + await Task.Run(async () => { await Task.Yield(); return 1; });",
        "using var stop = new CancellationTokenSource(); stop.Cancel(); try { await Task.Delay(Timeout.Infinite, stop.Token); return 0; } catch (OperationCanceledException) { return \"cancelled\"; }",
        "async ValueTask<T> Twice<T>(Func<ValueTask<T>> f) { await f(); return await f(); } var n = 0; return await Twice(async () => { await Task.Yield(); return ++n; });",
        "var gate = new SemaphoreSlim(1); await gate.WaitAsync(); try { return await Value(3); } finally { gate.Release(); }",
        "for (var i = 0; ; i++) { try { if (i < 3) throw new Exception(); return i; } catch when (i < 5) { await Task.Yield(); } }",
        "static async Task<int> Deep(int n) { if (n == 0) return 0; await Task.Yield(); return 1 + await Deep(n - 1); } return await Deep(200);",
        "var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously); Void(done); return await done.Task;",
        "var channel = System.Threading.Channels.Channel.CreateBounded<int>(2); var writer = Task.Run(async () => { for (var i = 0; i < 10; i++) await channel.Writer.WriteAsync(i); channel.Writer.Complete(); }); var s = 0; await foreach (var i in channel.Reader.ReadAllAsync()) s += i; await writer; return s;",
        "return await Task.FromResult(5).ContinueWith(t => t.Result + 1) + (await Task.Factory.StartNew(() => 3));",
    ];

    public const string Helpers = """

        static readonly List<string> Logged = new();
        static void Log(string text) { lock (Logged) Logged.Add(text); }
        static string Last() { lock (Logged) return Logged.Count == 0 ? "" : Logged[^1]; }
        static async Task<int> Value(int n) { if (n % 2 == 0) await Task.Yield(); return n; }
        static async Task Fail() { await Task.Yield(); throw new InvalidOperationException("fail"); }
        static async IAsyncEnumerable<int> Numbers(int n) { try { for (var i = 0; i < n; i++) { yield return i; await Task.Yield(); } } finally { await Task.Yield(); Log("end"); } }
        static async void Void(TaskCompletionSource<string> done) { await Task.Yield(); done.SetResult("void"); }
        sealed class Closing : IAsyncDisposable { public async ValueTask DisposeAsync() { await Task.Yield(); Log("closed"); } }
        readonly record struct Point(int X, int Y);
        sealed class Source { public event EventHandler Happened; public void Raise() => Happened?.Invoke(this, EventArgs.Empty); }
        sealed class Static { public static readonly int Value = Compute(); public int Instance { get; } = 7; static int Compute() { var n = 0; for (var i = 0; i < 9; i++) n += i; return n; } ~Static() { for (var i = 0; i < 3; i++) Finalized += i; } static int Finalized; }
        static class Generic<T> { public static readonly string Name = typeof(T).Name; }
        ref struct Acc(Span<int> data) { Span<int> _data = data; int _n; public void Add(int x) => _data[_n++] = x; public readonly int Sum() { var s = 0; foreach (var x in _data) s += x; return s; } }
        """;

    /// <summary>One class with all bodies: <c>Sync0</c>, <c>Sync1</c>, ..., <c>Async0</c>, ...</summary>
    public static string Source { get; } =
        string.Join('\n', Bodies.Select((body, i) => $"public static object Sync{i}() {{ {body} }}"))
        + string.Join('\n', AsyncBodies.Select((body, i) => $"public static async Task<object> Async{i}() {{ {body} }}"))
        + Helpers;
}
