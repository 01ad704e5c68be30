using System.Runtime.CompilerServices;
using ScriptProxy.Core.Scripting;

namespace ScriptProxy.Tests.Scripting;

// Inside, so that these stand before the real language's types of the same names.
using Surface;

public sealed class ScriptUnloadTests : IDisposable
{
    private const int Rounds = 50;

    private readonly ScriptFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Unload_AfterRuns_FreesEveryContext() => AssertAllFreed(_folder.Compile("static int s; return ++s;"), async entry =>
    {
        Assert.Equal(1, await entry.RunAsync(globals: null));
    });

    [Fact]
    public void Unload_AfterAnExceptionWasLocated_FreesEveryContext() => AssertAllFreed(_folder.Compile("void F() => throw new Exception(\"x\");\nF();"), async entry =>
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => entry.RunAsync(globals: null));
        Assert.Equal(1, ScriptErrors.Locate(error)?.Line);
        Assert.NotEmpty(ScriptErrors.Describe(error).Stack);
    });

    [Fact]
    public void Unload_AfterAsyncHandlersRan_FreesEveryContext() => AssertAllFreed(
        _folder.Compile("return AsyncHandler(async r => { await Task.Yield(); return r.Respond(200, System.Text.Json.JsonSerializer.Serialize(r.Path)); });"),
        async entry =>
        {
            var handler = (Func<AccessContext, Task<Verdict>>)(await entry.RunAsync(globals: null))!;
            Assert.Equal(200, (await handler(new AccessContext())).Status);
        });

    [Fact]
    public void Unload_WithLibraries_FreesEveryContextAndLeavesTheFilesFree()
    {
        var library = _folder.WriteLibrary("A.dll", "a");

        AssertAllFreed(_folder.Compile("#r \"A.dll\"\nreturn Lib.A.Value();"), async entry => Assert.Equal("a", await entry.RunAsync(globals: null)));

        File.Delete(library);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AssertAllFreed(ScriptImage image, Func<ScriptEntry, Task> use)
    {
        var contexts = new List<WeakReference>();
        for (var round = 0; round < Rounds; round++)
        {
            contexts.Add(LoadUseUnload(image, use));
        }

        for (var collection = 0; collection < 20 && contexts.Exists(context => context.IsAlive); collection++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, contexts.Count(context => context.IsAlive));
    }

    // Everything of the context lives in this frame only, on a thread of its own: no caller's register keeps it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference LoadUseUnload(ScriptImage image, Func<ScriptEntry, Task> use)
    {
        WeakReference? reference = null;
        var thread = new Thread(() =>
        {
            var context = new ScriptLoadContext("round");
            reference = new WeakReference(context);
            use(context.Load(image)).GetAwaiter().GetResult();
            context.Unload();
        });
        thread.Start();
        thread.Join();
        return reference!;
    }
}
