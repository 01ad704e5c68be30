using System.Globalization;
using System.IO.Hashing;
using System.Net;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Real;

/// <summary>Bodies far bigger than the memory that they may take.</summary>
public class BigBodyTests
{
    private const int Piece = 64 * 1024;
    private const long Most = 60 << 20;

    /// <summary>256 MB, or what SCRIPTPROXY_BIG_BODY_MB says.</summary>
    private static readonly long Size =
        (long.TryParse(Environment.GetEnvironmentVariable("SCRIPTPROXY_BIG_BODY_MB"), CultureInfo.InvariantCulture, out var size) ? size : 256) << 20;

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Bodies_UpAndDownWithAndWithoutFilters_PassWithFlatMemory(string version)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "memory is read from /proc");
        await using var origin = await Origin.StartAsync(AnswerAsync);
        await using var gateway = await GatewayProgram.StartAsync(
            $$"""
            Upstream("origin", "{{origin.Address}}");
            Route("/plain").To("origin");
            Route("/filtered").BodyFilter(b => b.ReplaceText("http://internal/", "/")).RequestBodyFilter(b => b.ReplaceText("http://internal/", "/")).To("origin");
            """);
        using var client = new HttpClient { DefaultRequestVersion = Version.Parse(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromMinutes(5) };

        // What grows once, pools and compiled code, has grown after this.
        foreach (var path in new[] { "/plain", "/filtered" })
        {
            await DownAsync(client, gateway.Address + path, Most);
            await UpAsync(client, gateway.Address + path, Most);
        }

        foreach (var path in new[] { "/plain", "/filtered" })
        {
            foreach (var transfer in (Func<HttpClient, string, long, Task>[])[DownAsync, UpAsync])
            {
                var before = gateway.Resident;
                gateway.ForgetPeak();
                await transfer(client, gateway.Address + path, Size);
                var growth = gateway.Peak - before;
                TestContext.Current.TestOutputHelper?.WriteLine($"HTTP/{version} {transfer.Method.Name} {path}: {before >> 20} MB before, {growth >> 20} MB more at its peak");
                Assert.True(growth < Most, $"{transfer.Method.Name} {path} took {growth >> 20} MB more for {Size >> 20} MB");
            }
        }
    }

    private static async Task DownAsync(HttpClient client, string url, long size)
    {
        using var answer = await client.GetAsync($"{url}?size={size}", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var body = await answer.Content.ReadAsStreamAsync();
        Assert.Equal(await HashAsync(new Pattern(size, url.Contains("filtered", StringComparison.Ordinal))), await HashAsync(body));
    }

    private static async Task UpAsync(HttpClient client, string url, long size)
    {
        using var content = new StreamContent(new Pattern(size, replaced: false), Piece);
        content.Headers.ContentType = new("text/plain");
        using var answer = await client.PostAsync(url, content);
        Assert.Equal(await HashAsync(new Pattern(size, url.Contains("filtered", StringComparison.Ordinal))), await answer.Content.ReadAsStringAsync());
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            await context.Response.WriteAsync(await HashAsync(context.Request.Body));
            return;
        }

        context.Response.ContentType = "text/plain";
        await new Pattern(long.Parse(context.Request.Query["size"]!, CultureInfo.InvariantCulture), replaced: false).CopyToAsync(context.Response.Body, Piece);
    }

    private static async Task<string> HashAsync(Stream stream)
    {
        var hash = new XxHash3();
        await hash.AppendAsync(stream);
        return Convert.ToHexString(hash.GetCurrentHash());
    }

    /// <summary>A text of that many bytes, or that text after the filter's replacement.</summary>
    private sealed class Pattern : Stream
    {
        private static readonly byte[] Original = Make("see http://internal/catalogue for more ");
        private static readonly byte[] Replaced = Make("see /catalogue for more ");
        private readonly byte[] _block;
        private long _left;
        private int _at;

        internal Pattern(long size, bool replaced)
        {
            _block = replaced ? Replaced : Original;
            _left = size / Original.Length * _block.Length;
        }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var take = (int)Math.Min(_left, Math.Min(count, _block.Length - _at));
            Array.Copy(_block, _at, buffer, offset, take);
            _left -= take;
            _at = (_at + take) % _block.Length;
            return take;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        /// <summary>Blocks with few addresses in them, as pages have, of a length that no buffer's border divides.</summary>
        private static byte[] Make(string sentence) => System.Text.Encoding.ASCII.GetBytes(sentence + string.Concat(Enumerable.Range(0, 2000).Select(n => $"line {n} ")));
    }
}
