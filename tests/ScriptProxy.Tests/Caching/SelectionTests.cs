using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Tests.Caching;

/// <summary>Vary, preconditions and ranges.</summary>
public class SelectionTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("accept-language", "en, de", "de,EN", true)]
    [InlineData("accept-language", "en;q=0.5, de", "de, en;q=0.50", true)]
    [InlineData("accept-language", "en;q=0.5, de", "de, en", false)]
    [InlineData("accept-encoding", "gzip, br", "br,gzip;q=1", true)]
    [InlineData("x", "1, 2", "1,2", true)]
    [InlineData("x", "1|2", "1, 2", true)]
    [InlineData("x", "1, 2", "2, 1", false)]
    [InlineData("x", "a", "A", false)]
    [InlineData("x", "\"a, b\"", "\"a,b\"", false)]
    [InlineData("x", "\"a,b\" , c", "\"a,b\",c", true)]
    [InlineData("x", "\"a, b", "\"a,b", false)]
    [InlineData("x", "", null, false)]
    [InlineData("x", null, null, true)]
    public void Vary_WhatMakesNoDifference_IsTakenAway(string name, string? a, string? b, bool same) =>
        Assert.Equal(same, VaryFields.Select([name], Request(name, a)) == VaryFields.Select([name], Request(name, b)));

    [Fact]
    public void Vary_Names_AreSortedAndOnce()
    {
        Assert.Equal(["a", "b"], VaryFields.Read(new StringValues(["B, a", " A,,b"]))!);
        Assert.Null(VaryFields.Read("a, *"));
        Assert.Equal([], VaryFields.Read("")!);
    }

    [Fact]
    public void Vary_DifferentRequests_NeverLookTheSame() =>
        Gen.Select(Gen.Char['a', 'c'].Array[0, 3], Gen.Char['a', 'c'].Array[0, 3], Gen.Bool, Gen.Bool).Sample((a, b, hasA, hasB) =>
        {
            // Tokens alone: how they are written does not matter, so equal lists are the only equal requests.
            var one = Request("x", hasA ? string.Join(", ", a) : null);
            var two = Request("x", hasB ? string.Join(",", b) : null);
            return (VaryFields.Select(["x", "y"], one) == VaryFields.Select(["x", "y"], two)) == (hasA == hasB && (!hasA || a.SequenceEqual(b)));
        });

    [Theory]
    [InlineData("fr;q=0.5, de;q=1.0", "de", true)]
    [InlineData("de", "DE", true)]
    [InlineData("en, de", "de", false)]
    [InlineData("en, de;q=0.9", "de", false)]
    [InlineData("de;q=0", "de", false)]
    [InlineData("de", "de, en", false)]
    [InlineData("de", "", false)]
    public void Language_TheOneThatIsWantedMost_Fits(string accept, string content, bool expected) =>
        Assert.Equal(expected, VaryFields.PrefersLanguage(Request("Accept-Language", accept), content));

    [Theory]
    [InlineData("\"a\"", "\"a\"", true)]
    [InlineData("W/\"a\"", "\"a\"", true)]
    [InlineData("\"a\"", "W/\"a\"", true)]
    [InlineData("\"b\", \"a,c\", W/\"d\"", "\"a,c\"", true)]
    [InlineData("\"a,c\"", "\"a\"", false)]
    [InlineData("*", null, true)]
    [InlineData("\"a\"", null, false)]
    [InlineData("\"A\"", "\"a\"", false)]
    [InlineData("\"a", "\"a\"", false)]
    [InlineData(",,", "\"a\"", false)]
    public void IfNoneMatch_IsComparedWeakly(string asked, string? etag, bool expected) => Assert.Equal(expected, Validation.Matches(asked, etag));

    [Theory]
    [InlineData("\"a\"", true)]
    [InlineData("W/\"a\"", false)]
    [InlineData("\"b\"", false)]
    [InlineData("Mon, 31 Dec 2029 00:00:00 GMT", true)]
    [InlineData("Mon, 31 Dec 2029 00:00:01 GMT", false)]
    [InlineData("nonsense", false)]
    public void IfRange_IsComparedStrongly(string asked, bool expected) =>
        Assert.Equal(expected, Validation.MaySendRange(asked, "\"a\"", "Mon, 31 Dec 2029 00:00:00 GMT", "Mon, 31 Dec 2029 00:00:01 GMT", Now));

    [Theory]
    [InlineData("Mon, 31 Dec 2029 00:00:00 GMT")]
    [InlineData("Sun, 30 Dec 2029 00:00:00 GMT")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public void IfRange_DateOfSomethingJustChanged_ProvesNothing(string? date) =>
        Assert.False(Validation.MaySendRange("Mon, 31 Dec 2029 00:00:00 GMT", "\"a\"", "Mon, 31 Dec 2029 00:00:00 GMT", date, Now));

    [Theory]
    [InlineData("bytes=0-", "0+10")]
    [InlineData("Bytes=0-0", "0+1")]
    [InlineData("bytes=-4", "6+4")]
    [InlineData("bytes=-40", "0+10")]
    [InlineData("bytes=2-99999999999999999999", "2+8")]
    [InlineData("bytes=0-1, 3-4", "0+2 3+2")]
    [InlineData("bytes= 0-1 ,, -1", "0+2 9+1")]
    [InlineData("bytes=10-", "")]
    [InlineData("bytes=-0", "")]
    [InlineData("bytes=99999999999999999999-", "")]
    [InlineData("bytes=20-30, 1-2", "1+2")]
    [InlineData("bytes=4-2", null)]
    [InlineData("bytes=a-", null)]
    [InlineData("bytes=-", null)]
    [InlineData("bytes=", null)]
    [InlineData("bytes=1", null)]
    [InlineData("bytes=--1", null)]
    [InlineData("lines=1-2", null)]
    [InlineData("bytes=0-,0-", null)]
    public void Range_IsReadOrTheWholeIsSent(string text, string? expected) =>
        Assert.Equal(expected, ByteRanges.Read(text, 10) is { } ranges ? string.Join(' ', ranges.Select(r => $"{r.First}+{r.Count}")) : null);

    [Fact]
    public void Range_MoreThanAnyoneNeeds_TheWholeIsSent() =>
        Assert.Null(ByteRanges.Read("bytes=" + string.Join(',', Enumerable.Range(0, 100).Select(i => $"{i}-{i}")), 1000));

    [Fact]
    public void Range_Garbage_StaysWithinTheBody() =>
        Gen.Select(Gen.String[Gen.OneOf(Gen.Char["-, =bytes"], Gen.Char['0', '9']), 0, 20], Gen.Long[0, 50]).Sample((text, length) =>
            ByteRanges.Read("bytes=" + text, length) is not { } ranges || ranges.All(r => r.First >= 0 && r.Count > 0 && r.First + r.Count <= length));

    private static HeaderDictionary Request(string name, string? value) => value is null ? [] : new HeaderDictionary { [name] = value.Split('|') };
}
