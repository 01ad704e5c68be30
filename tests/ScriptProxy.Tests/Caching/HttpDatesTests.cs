using System.Globalization;
using CsCheck;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Tests.Caching;

public class HttpDatesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37")]
    [InlineData("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37")]
    [InlineData("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37")]
    [InlineData("Thursday, 18-Aug-50 02:01:18 GMT", "2050-08-18T02:01:18")]
    [InlineData("Thursday, 18-Aug-77 02:01:18 GMT", "1977-08-18T02:01:18")]
    [InlineData("THU, 18 AUG 2050 02:01:18 gmt", "2050-08-18T02:01:18")]
    [InlineData("Thu 18 Aug 2050 02:01:18 GMT", "2050-08-18T02:01:18")]
    [InlineData("Thu, 18  Aug  2050 2:01:18 GMT", "2050-08-18T02:01:18")]
    [InlineData("Sun, 30 Jun 2030 23:59:60 GMT", "2030-06-30T23:59:59")]
    [InlineData("Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00")]
    public void Date_AnyForm_IsRead(string text, string expected)
    {
        Assert.True(HttpDates.TryParse(text, Now, out var time));
        Assert.Equal(DateTimeOffset.Parse(expected + "Z", CultureInfo.InvariantCulture), time);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("foo")]
    [InlineData("Thu, 18 Aug 2050 02:01:18 UTC")]
    [InlineData("Thu, 18 Aug 2050 02:01:18 AEST")]
    [InlineData("Thu, 18 Aug 2050 02:01:18")]
    [InlineData("Thu, 18 Aug 2050 02:01:18 GMT GMT")]
    [InlineData("Thu, 31 Feb 2050 02:01:18 GMT")]
    [InlineData("Thu, 29 Feb 2023 02:01:18 GMT")]
    [InlineData("Thu, 18 Aug 0000 02:01:18 GMT")]
    [InlineData("Thu, 18 Aug 2050 24:01:18 GMT")]
    [InlineData("Thu, 18 Aug 2050 02.01.18 GMT")]
    [InlineData("Thu, 18 Aug 2050 02:1:18 GMT")]
    [InlineData("Thu, -1 Aug 2050 02:01:18 GMT")]
    [InlineData("Thu, 18 Aug 20500 02:01:18 GMT")]
    [InlineData("2050-08-18T02:01:18Z")]
    [InlineData("Thu, 18 Aug 2050 02:01:18 GMT Thu, 18 Aug 2050 02:01:18 GMT Thu, 18 Aug 2050")]
    public void Date_Wrong_IsNotRead(string text) => Assert.False(HttpDates.TryParse(text, Now, out _));

    [Fact]
    public void Date_ThatWasWritten_IsReadAgain() =>
        Gen.Long[0, 4_000_000_000].Select(DateTimeOffset.FromUnixTimeSeconds).Sample(time =>
            HttpDates.TryParse(HttpDates.Format(time), Now, out var read) && read == time
            && HttpDates.TryParse(time.UtcDateTime.ToString("ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture), Now, out read) && read == time);

    [Fact]
    public void Date_Garbage_NeverThrows() =>
        Gen.String[Gen.OneOf(Gen.Char[" ,-:"], Gen.Char['0', '9'], Gen.Char['A', 'z'], Gen.Char), 0, 70].Sample(text => !HttpDates.TryParse(text, Now, out var time) || time.Offset == TimeSpan.Zero);
}
