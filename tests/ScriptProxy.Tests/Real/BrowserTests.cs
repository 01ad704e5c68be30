using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>A page with all that pages do, in a real browser, over TLS and HTTP/2.</summary>
public class BrowserTests
{
    private const string Page =
        """
        <!doctype html><title>internal shop</title><script src="/app.js" defer></script><img src="/dot.png" id="dot">
        """;

    private const string Script =
        """
        const log = {};
        async function main() {
            const dot = document.getElementById("dot");
            await dot.decode();
            log.image = dot.naturalWidth + "x" + dot.naturalHeight;
            log.fetched = await (await fetch("/text")).text();
            log.header = (await fetch("/text")).headers.get("X-Served-By");
            log.posted = await (await fetch("/post", { method: "POST", body: "x".repeat(300000) })).text();
            log.protocol = performance.getEntriesByType("navigation")[0].nextHopProtocol;
            log.events = await new Promise(done => {
                const got = [], source = new EventSource("/events");
                source.onmessage = async e => {
                    if (got.push(e.data) < 3) return await (await fetch("/next")).text();
                    source.close();
                    done(got.join());
                };
                source.onerror = e => done("error after " + got.join());
            });
            log.socket = await new Promise(done => {
                const socket = new WebSocket("wss://" + location.host + "/ws"), got = [];
                socket.onopen = () => { socket.send("one"); socket.send("two"); };
                socket.onmessage = e => { got.push(e.data); if (got.length === 2) socket.close(1000, "enough"); };
                socket.onclose = e => done(got.join() + " " + e.code);
                socket.onerror = () => done("error");
            });
            return log;
        }
        """;

    [Fact]
    public async Task Page_ThroughTheGateway_SeesAllThatItAskedFor()
    {
        var chromium = Programs.Require("chromium", "chromium-browser", "google-chrome");
        using var next = new SemaphoreSlim(1);
        await using var origin = await Origin.StartAsync(c => AnswerAsync(c, next));
        await using var gateway = await TestGateway.StartAsync(
            $$"""
            Listen("https://127.0.0.1:0");
            Route("/{**path}").To("{{origin.Address}}")
                .HeaderFilter(h => h.Response.Headers["X-Served-By"] = "the gateway")
                .BodyFilter(b => b.ReplaceText("internal", "public"));
            """);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { IgnoreHTTPSErrors = true });
        var complaints = new List<string>();
        page.PageError += (_, error) => complaints.Add(error);

        // The page itself ends the event stream.
        page.RequestFailed += (_, request) => complaints.AddRange(request.Url.EndsWith("/events", StringComparison.Ordinal) ? [] : [$"{request.Url} {request.Failure}"]);
        await page.GotoAsync(gateway.Address + "/");
        Assert.Equal("public shop", await page.TitleAsync());
        var log = await page.EvaluateAsync<Dictionary<string, string>>("main()");
        Assert.Equal(
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["image"] = "1x1",
                ["fetched"] = "public text, grüße",
                ["header"] = "the gateway",
                ["posted"] = "300000",
                ["protocol"] = "h2",
                ["events"] = "public 0,public 1,public 2",
                ["socket"] = "echo one,echo two 1000",
            },
            log);
        Assert.Empty(complaints);
    }

    private static async Task AnswerAsync(HttpContext context, SemaphoreSlim next)
    {
        var response = context.Response;
        switch (context.Request.Path.Value)
        {
            case "/":
                response.ContentType = "text/html";
                await response.WriteAsync(Page);
                break;
            case "/app.js":
                response.ContentType = "text/javascript";
                await response.WriteAsync(Script);
                break;
            case "/dot.png":
                response.ContentType = "image/png";
                await response.Body.WriteAsync(Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="));
                break;
            case "/text":
                response.ContentType = "text/plain; charset=utf-8";
                await response.WriteAsync("internal text, grüße");
                break;
            case "/post":
                using (var reader = new StreamReader(context.Request.Body))
                {
                    await response.WriteAsync((await reader.ReadToEndAsync()).Length.ToString());
                }

                break;
            case "/events":
                response.ContentType = "text/event-stream";
                for (var n = 0; n < 3; n++)
                {
                    // The page asks for the next one when it has this one.
                    await next.WaitAsync(context.RequestAborted);
                    await response.WriteAsync($"data: internal {n}\n\n");
                }

                // Until the page closes it: a stream that ends by itself is asked for again.
                await Task.WhenAny(next.WaitAsync(context.RequestAborted));
                break;
            case "/next":
                next.Release();
                break;
            case "/ws":
                using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                {
                    var buffer = new byte[100];
                    while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } got)
                    {
                        await socket.SendAsync(Encoding.UTF8.GetBytes("echo " + Encoding.UTF8.GetString(buffer, 0, got.Count)), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                    }

                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                }

                break;
            default:
                response.StatusCode = 404;
                break;
        }
    }
}
