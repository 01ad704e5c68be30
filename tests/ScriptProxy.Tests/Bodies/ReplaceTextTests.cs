using System.Text;
using CsCheck;
using ScriptProxy.Core.Bodies;

namespace ScriptProxy.Tests.Bodies;

public class ReplaceTextTests
{
    private static readonly Gen<string> Small = Gen.String[Gen.Char["aab"], 0, 60];
    private static readonly Gen<string> Pattern = Gen.String[Gen.Char["ab"], 1, 6];
    private static readonly Gen<int[]> Cuts = Gen.Int[0, 1000].Array[0, 12];

    [Fact]
    public void ReplaceText_AnyTextPatternAndChunks_EqualsStringReplace() =>
        Gen.Select(Small, Pattern, Gen.String[Gen.Char["abX"], 0, 8], Cuts).Sample(
            (text, from, to, cuts) =>
            {
                var result = Bodies.RunTextAsync(new BodyPlan().ReplaceText(from, to), text, cuts).GetAwaiter().GetResult();
                Assert.Equal(text.Replace(from, to), result);
            },
            iter: 20_000);

    [Fact]
    public void ReplaceText_TextMadeOfBeginningsOfThePattern_EqualsStringReplace() =>
        Gen.Select(Gen.String[Gen.Char["aab"], 4, 12], Gen.Int[0, 12].Array[0, 12]).Sample(
            (from, ends) =>
            {
                var text = string.Concat(ends.Select(end => from[..Math.Min(end, from.Length)]));
                var every = Enumerable.Range(0, text.Length);
                Assert.Equal(text.Replace(from, "X"), Bodies.RunTextAsync(new BodyPlan().ReplaceText(from, "X"), text, every).GetAwaiter().GetResult());
            },
            iter: 20_000);

    [Fact]
    public void ReplaceText_TwiceInAPlan_EqualsTwoStringReplaces() =>
        Gen.Select(Small, Pattern, Pattern, Cuts).Sample(
            (text, one, two, cuts) =>
            {
                var plan = new BodyPlan().ReplaceText(one, "ba").ReplaceText(two, "aab");
                Assert.Equal(text.Replace(one, "ba").Replace(two, "aab"), Bodies.RunTextAsync(plan, text, cuts).GetAwaiter().GetResult());
            },
            iter: 5_000);

    [Theory]
    [InlineData("aab", "aaab")]
    [InlineData("aab", "aaaaaab")]
    [InlineData("abab", "abababab")]
    [InlineData("abcabd", "abcabcabd")]
    [InlineData("aaa", "aaaaaaaa")]
    public async Task ReplaceText_ByteByByte_EqualsStringReplace(string from, string text)
    {
        var every = Enumerable.Range(0, text.Length);
        Assert.Equal(text.Replace(from, "X"), await Bodies.RunTextAsync(new BodyPlan().ReplaceText(from, "X"), text, every, flush: true));
    }

    [Fact]
    public async Task ReplaceText_LargeBodyManyMatches_EqualsStringReplace()
    {
        var text = string.Concat(Enumerable.Range(0, 40_000).Select(i => i % 3 == 0 ? "http://internal/" : $"word{i} "));
        var expected = text.Replace("http://internal/", "/");
        Assert.Equal(expected, await Bodies.RunTextAsync(new BodyPlan().ReplaceText("http://internal/", "/"), text, [17, 4096, 65_536, 200_001]));
    }

    [Fact]
    public async Task ReplaceText_PossibleBeginning_HoldsBackOnlyThat()
    {
        var sink = new CollectingSink();
        var pipeline = Bodies.Pipeline(new BodyPlan().ReplaceText("aab", "X"), sink);
        await pipeline.WriteAsync("zaaa"u8.ToArray());
        Assert.Equal("za", sink.Text);
        await pipeline.WriteAsync("c"u8.ToArray());
        Assert.Equal("zaaac", sink.Text);
        await pipeline.WriteAsync("a"u8.ToArray());
        await pipeline.CompleteAsync();
        Assert.Equal("zaaaca", sink.Text);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("\"UTF-8\"")]
    [InlineData("iso-8859-1")]
    [InlineData("windows-1252")]
    [InlineData("utf-16")]
    [InlineData("utf-16be")]
    [InlineData("shift_jis")]
    [InlineData("gb18030")]
    [InlineData("x-unknown")]
    public async Task ReplaceText_Charset_MatchesInThatCharset(string name)
    {
        var charset = TextStages.Charset(name);
        var (text, from, to) = name is "shift_jis" or "gb18030" ? ("表ABソ\\日本", "日", "¥".Length == 1 ? "月" : "") : ("été à", "é", "èè");
        var body = charset.GetBytes(text);
        var result = await Bodies.RunAsync(new BodyPlan().ReplaceText(from, to), body, Enumerable.Range(0, body.Length), contentType: $"text/html; charset={name}");
        Assert.Equal(text.Replace(from, to), charset.GetString(result));
    }

    [Fact]
    public async Task ReplaceText_SecondByteLooksLikeThePattern_IsNoMatch()
    {
        // In Shift_JIS the second byte of 表 is that of a backslash.
        var charset = TextStages.Charset("shift_jis");
        var result = await Bodies.RunAsync(new BodyPlan().ReplaceText("\\", "/"), charset.GetBytes("表\\"), contentType: "text/plain; charset=shift_jis");
        Assert.Equal("表/", charset.GetString(result));
    }

    [Fact]
    public async Task ReplaceText_PatternNotInCharset_ReplacesNoQuestionMark()
    {
        var result = await Bodies.RunAsync(new BodyPlan().ReplaceText("日", "x"), "a?b"u8.ToArray(), contentType: "text/plain; charset=iso-8859-1");
        Assert.Equal("a?b", Encoding.ASCII.GetString(result));
    }

    [Fact]
    public async Task ReplaceText_NotText_OtherBytesUntouched()
    {
        byte[] body = [0xFF, 0x00, 0xC3, (byte)'a', 0xFE];
        Assert.Equal([0xFF, 0x00, 0xC3, (byte)'b', 0xFE], await Bodies.RunAsync(new BodyPlan().ReplaceText("a", "b"), body, [1, 2, 3, 4]));
    }

    [Fact]
    public void ReplaceText_EmptyPattern_Throws() => Assert.Throws<ArgumentException>(() => new BodyPlan().ReplaceText("", "x"));
}
