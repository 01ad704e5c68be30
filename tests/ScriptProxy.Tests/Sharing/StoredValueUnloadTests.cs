using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Sharing;
using ScriptProxy.Runtime;

namespace ScriptProxy.Tests.Sharing;

public sealed class StoredValueUnloadTests
{
    private const string Script = """
        using System.Collections.Generic;
        using ScriptProxy;
        public enum Size { Small, Large }
        public record Dog(string Name, Size Size, List<Dog> Puppies);
        public static class Load
        {
            public static void Write(SharedDictionary d)
            {
                d.Set("dog", new Dog("Rex", Size.Large, [new("Bo", Size.Small, [])]));
                d.Set("dogs", new List<Dog> { new("Rex", Size.Large, []) });
                d.Set("sizes", new[] { Size.Large });
                d.PushLeft("list", new Dog("Rex", Size.Large, []));
                d.Increment("n");
            }
            public static bool TryRead(SharedDictionary d) => d.TryGet<Dog>("dog", out _);
            public static string Read(SharedDictionary d) =>
                d.Get<Dog>("dog").Puppies[0].Name + " " + d.Get<List<Dog>>("dogs")[0].Size + " " + d.Get<Size[]>("sizes")[0] + " "
                + d.PopRight<Dog>("list")!.Name + " " + d.Increment("n");
        }
        """;

    // What the type arguments' names of a list would tell apart.
    private static readonly string NextVersion =
        Script.Replace("using ScriptProxy;", """using ScriptProxy; [assembly: System.Reflection.AssemblyVersion("2.0.0.0")]""", StringComparison.Ordinal);

    [Fact]
    public void ScriptTypes_StoredByOneLoad_AreReadByTheNextAfterTheFirstIsUnloaded()
    {
        var d = new MemoryDictionary("dogs", new FakeTimeProvider());
        var first = RunAndUnload(Script, "Write", d, out _);
        for (var i = 0; i < 20 && first.IsAlive; i++)
        {
            Collect();
        }

        Assert.False(first.IsAlive);
        RunAndUnload(NextVersion, "Read", d, out var read);
        Assert.Equal("Bo Large Large Rex 2", read);
    }

    [Fact]
    public void ScriptTypes_ShapeChangedMeanwhile_ThrowsAndTryGetSaysNo()
    {
        var d = new MemoryDictionary("dogs", new FakeTimeProvider());
        RunAndUnload(Script, "Write", d, out _);
        var edited = Script.Replace("string Name", "int Name", StringComparison.Ordinal)
            .Replace("\"Rex\"", "1", StringComparison.Ordinal)
            .Replace("\"Bo\"", "2", StringComparison.Ordinal);
        var error = Assert.Throws<TargetInvocationException>(() => RunAndUnload(edited, "Read", d, out _));
        Assert.Contains("another shape", Assert.IsType<InvalidCastException>(error.InnerException).Message, StringComparison.Ordinal);
        RunAndUnload(edited, "TryRead", d, out var found);
        Assert.Equal(false, found);
    }

    [Fact]
    public void ScriptTypes_AreWrittenWithTheOptionsOfTheirLoad()
    {
        var d = new MemoryDictionary("dogs", new FakeTimeProvider());
        RunAndUnload(Script, "Write", d, out _);
        Assert.Equal("Rex", d.Get<JsonElement>("dog").GetProperty("name").GetString());
    }

    [Fact]
    public void ScriptTypes_OutsideOfAScript_AreRefused()
    {
        var d = new MemoryDictionary("dogs", new FakeTimeProvider());
        var error = Assert.Throws<TargetInvocationException>(() => RunAndUnload(Script, "Write", d, out _, inScope: false));
        Assert.IsType<InvalidOperationException>(error.InnerException);
        Assert.Equal(0, d.Count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference RunAndUnload(string source, string method, SharedDictionary d, out object? answer, bool inScope = true)
    {
        var context = new AssemblyLoadContext("load", isCollectible: true);
        var assembly = context.LoadFromStream(Compile(source));
        ScriptScope.Current = inScope ? new Scope { Runtime = new LoadRuntime() } : null;
        try
        {
            answer = assembly.GetType("Load", throwOnError: true)!.GetMethod(method)!.Invoke(null, [d]);
        }
        finally
        {
            ScriptScope.Current = null;
            context.Unload();
        }

        return new WeakReference(context);
    }

    private static MemoryStream Compile(string source)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Append(typeof(SharedDictionary).Assembly.Location)
            .Distinct(StringComparer.Ordinal)
            .Select(path => MetadataReference.CreateFromFile(path));
        var compilation = CSharpCompilation.Create("load", [CSharpSyntaxTree.ParseText(source)], references, new(OutputKind.DynamicallyLinkedLibrary));
        var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        image.Position = 0;
        return image;
    }

    /// <summary>As a generation host does after a retirement: the framework's caches first, then full collections.</summary>
    private static void Collect()
    {
        typeof(JsonSerializer).Assembly.GetType("System.Text.Json.JsonSerializerOptionsUpdateHandler", throwOnError: true)!
            .GetMethod("ClearCache", BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.Invoke(null, [null]);
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    private sealed class Scope : ScriptScope;

    private sealed class LoadRuntime : GatewayRuntime
    {
        internal override JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

        internal override IConfiguration Settings => throw new NotSupportedException();

        internal override ClusterDictionary SharedInCluster(string name) => throw new NotSupportedException();

        internal override object Redis => throw new NotSupportedException();

        internal override void UseRedis(string configuration) => throw new NotSupportedException();

        internal override ScriptProxy.Caching.IHttpCacheStore CacheStore(string name, long? capacity, (string Folder, long? Capacity)? disk) => throw new NotSupportedException();

        internal override HttpClient Http => throw new NotSupportedException();

        internal override TimeProvider Time => TimeProvider.System;

        internal override ILogger Logger => NullLogger.Instance;

        internal override SharedDictionary Shared(string name, long? capacity) => throw new NotSupportedException();

        internal override ValueTask<T> Once<T>(string key, TimeSpan ttl, Func<CancellationToken, ValueTask<T>> make) => throw new NotSupportedException();

        internal override PeerHandle Peer(string address) => throw new NotSupportedException();

        internal override void Schedule(TimeSpan span, bool repeat, Func<TimerContext, ValueTask> run, ScriptLocation source) =>
            throw new NotSupportedException();
    }
}
