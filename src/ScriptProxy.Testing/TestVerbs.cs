using System.Runtime.CompilerServices;
using ScriptProxy.Testing.Running;

namespace ScriptProxy.Testing;

/// <summary>
/// What a <c>*.tests.csx</c> file may call without a word. The file's body runs anew for each of its tests, so that tests share no variables; it only names them.
/// </summary>
public static partial class TestVerbs
{
    /// <summary>A test.</summary>
    /// <param name="name">Tells what holds: unique in its file.</param>
    /// <param name="body">Fails when it throws.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Test(string name, Func<Task> body, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        TestSuite.Current.Add(name, body, why: null, file, line);

    /// <summary>A test of the configuration as it is: loaded for this test, disposed of after it.</summary>
    /// <param name="name">Tells what holds: unique in its file.</param>
    /// <param name="body">Gets the gateway; fails when it throws.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Test(string name, Func<TestGateway, Task> body, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        TestSuite.Current.Add(name, async () => await body(await Load()), why: null, file, line);
    }

    /// <summary>A test that waits for nothing.</summary>
    /// <param name="name">Tells what holds: unique in its file.</param>
    /// <param name="body">Fails when it throws.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Test(string name, Action body, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(body);
        TestSuite.Current.Add(
            name,
            () =>
            {
                body();
                return Task.CompletedTask;
            },
            why: null,
            file,
            line);
    }

    /// <summary>A test that is told of and not run.</summary>
    /// <param name="name">The test's name.</param>
    /// <param name="why">Printed with it.</param>
    /// <param name="body">What it would do.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static void Skip(string name, string why, Func<TestGateway, Task>? body = null, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        TestSuite.Current.Add(name, () => body is null ? Task.CompletedTask : Task.FromException(new InvalidOperationException("skipped")), why, file, line);

    /// <summary>Says what the tests of this file are about. Without it: the nearest proxy.csx, in the file's folder or above it.</summary>
    /// <param name="proxyCsx">Relative to the test file; null for the nearest.</param>
    /// <param name="upstream">Makes what stands behind the gateway, anew for each; servers that answer with what they were asked unless given.</param>
    /// <param name="options">Settings, clock, plugins.</param>
    public static void Configuration(string? proxyCsx = null, Func<PeerRequest, PeerAnswer>? upstream = null, TestOptions? options = null) =>
        TestSuite.Current.Configure(proxyCsx, upstream, options);

    /// <summary>Loads the configuration; it is disposed of after the test.</summary>
    /// <param name="upstream">What stands behind the gateway; what <see cref="Configuration"/> says unless given.</param>
    /// <param name="options">Settings, clock, plugins; what <see cref="Configuration"/> says unless given.</param>
    public static Task<TestGateway> Load(TestPeers? upstream = null, TestOptions? options = null) => TestSuite.Current.LoadAsync(upstream, options);

    /// <inheritdoc cref="Load(TestPeers?, TestOptions?)" />
    public static Task<TestGateway> Load(Func<PeerRequest, PeerAnswer> upstream, TestOptions? options = null) => Load(new TestPeers(upstream), options);

    /// <summary>Loads a configuration from text, <see cref="TestGateway.LoadText(string, TestPeers?, TestOptions?, ValueTuple{string, string}[])"/>; it is disposed of after the test.</summary>
    /// <param name="proxyCsx">The main script.</param>
    /// <param name="upstream">What stands behind the gateway.</param>
    /// <param name="options">Settings, clock, plugins.</param>
    /// <param name="files">Other files by their names.</param>
    public static Task<TestGateway> LoadText(string proxyCsx, Func<PeerRequest, PeerAnswer>? upstream = null, TestOptions? options = null, params (string Name, string Text)[] files) =>
        TestSuite.Current.KeepAsync(TestGateway.LoadText(proxyCsx, upstream is null ? null : new TestPeers(upstream), options, files));

    /// <summary>A span of milliseconds.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Milliseconds(double n) => TimeSpan.FromMilliseconds(n);

    /// <summary>A span of seconds.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Seconds(double n) => TimeSpan.FromSeconds(n);

    /// <summary>A span of minutes.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Minutes(double n) => TimeSpan.FromMinutes(n);

    /// <summary>A span of hours.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Hours(double n) => TimeSpan.FromHours(n);

    /// <summary>A span of days.</summary>
    /// <param name="n">May have a fraction.</param>
    public static TimeSpan Days(double n) => TimeSpan.FromDays(n);
}
