using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Tests.Bench;

/// <summary>What is not used costs nothing, and a handler that completes synchronously allocates nothing: per request, beside what ASP.NET does by itself.</summary>
public sealed class AllocationTests
{
    private const int Requests = 10_000;

    [Fact]
    public async Task Request_WithoutHandlers_AllocatesNothing() =>
        await AssertNothingAsync(GatewayScripts.Empty, "/empty", StatusCodes.Status204NoContent, static context => context.Response.StatusCode = 204);

    [Fact]
    public async Task Request_AnsweredBySynchronousHandlers_AllocatesNothing() =>
        await AssertNothingAsync(GatewayScripts.Content, "/content", StatusCodes.Status200OK, static context =>
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.ContentLength = 6;
            context.Response.Headers["X-Gateway"] = "yes";
            context.Response.Headers["X-Served-By"] = "script";
            "hello\n"u8.CopyTo(context.Response.BodyWriter.GetSpan(6));
            context.Response.BodyWriter.Advance(6);
        });

    [Fact]
    public async Task Request_ProxiedThroughSynchronousHandlers_AllocatesNothing() =>
        await AssertNothingAsync(GatewayScripts.Proxied, "/proxied", StatusCodes.Status204NoContent, static context =>
        {
            context.Response.StatusCode = 204;
            context.Response.Headers["X-Gateway"] = "yes";
            context.Response.Headers["X-Served-By"] = "peer";
        });

    [Fact]
    public async Task Steps_OfEveryRequest_AllocateNothing()
    {
        SkipWhereNotOptimised();
        using var steps = new HotPaths();
        await OnPoolThreadAsync(() =>
        {
            foreach (var (name, step) in new (string, Action)[]
            {
                ("lease", () => steps.EnterAndLeave()),
                ("round-robin", () => steps.PickInTurn()),
                ("round-robin by weight", () => steps.PickInTurnByWeight()),
                ("least-requests", () => steps.PickLeastRequests()),
                ("state", () => steps.TouchState()),
                ("handler", () => steps.InvokeHandler()),
            })
            {
                Assert.True(Settled(step) == 0, $"{name} allocates {Settled(step)} bytes in {Requests} calls");
            }
        });
    }

    private static async Task AssertNothingAsync(string script, string path, int status, Action<HttpContext> answer)
    {
        SkipWhereNotOptimised();
        await using var gateway = await InMemoryGateway.LoadAsync(script);
        await OnPoolThreadAsync(() =>
        {
            var connection = ExecutionContext.Capture()!;
            var baseline = Settled(() => gateway.AskBaseline(connection, path, answer));
            var written = gateway.BytesWritten;
            var whole = Settled(() => gateway.Ask(connection, path));
            Assert.Equal(status, gateway.Ask(connection, path));
            Assert.Equal(written, gateway.BytesWritten);
            Assert.True(whole <= baseline, $"{(double)(whole - baseline) / Requests} bytes a request are the gateway's own");
        });
    }

    /// <summary>Bytes that this thread allocates in 10,000 calls, once the code is optimised: the compiler works beside us, so the least of several measurements.</summary>
    private static long Settled(Action call)
    {
        var least = long.MaxValue;
        var began = Stopwatch.GetTimestamp();
        for (var attempt = 0; attempt < 10 || (least > 0 && attempt < 60 && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5)); attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Requests; i++)
            {
                call();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    /// <summary>On a thread of the pool, where handlers run in place from the first, and in the execution context that a connection begins with.</summary>
    private static Task OnPoolThreadAsync(Action measure)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                try
                {
                    measure();
                    done.SetResult();
                }
                catch (Exception error)
                {
                    done.SetException(error);
                }
            },
            state: null);
        return done.Task;
    }

    /// <summary>In a Debug build every async method allocates its state machine.</summary>
    private static void SkipWhereNotOptimised() => Assert.SkipWhen(
        typeof(GatewayApplication).Assembly.GetCustomAttributes(typeof(DebuggableAttribute), inherit: false).Cast<DebuggableAttribute>().Any(d => d.IsJITOptimizerDisabled),
        "says something of the Release build only");
}
