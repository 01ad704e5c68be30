using System.Globalization;
using System.Text;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching.Engine;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Tests.Caching;

/// <summary>Fields as nobody should write them, and as somebody will.</summary>
public class FieldFuzzTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly string[] Good =
    [
        "max-age=60, s-maxage=\"5\", private=\"a, b\", stale-while-revalidate=1", "no-cache=\"x\\\"y\", no-store, public;x=1", "max-age=60+10;scriptproxy",
        "a=1, b=?0;x=:AQ==:, c, d=(1 \"x\" tok);q=0.5, *e=@123, f=%\"f%c3%bc\", g=a/b:c*", "Accept-Language, *, Cookie", "de;q=0.5, en-GB, *;q=0.1", "bytes=0-1, -5, 7-",
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "W/\"a,b\", \"c\", *", "\"x\"", "7200, 0", "x=\"unfinished", "max-stale, min-fresh=3",
    ];

    /// <summary>A good one with some of it changed, doubled or gone; now and then anything at all.</summary>
    private static readonly Gen<string> Mutated = Gen.Select(
        Gen.Int[0, Good.Length - 1], Gen.Select(Gen.Int[0, 3], Gen.Double[0, 0.999], Gen.Char, Gen.Int[0, 9]).Array[0, 6], Gen.Int[0, 9], Gen.String).Select((which, changes, anything, text) =>
        {
            if (anything == 0)
            {
                return text;
            }

            var made = new StringBuilder(Good[which]);
            foreach (var (how, where, c, length) in changes)
            {
                var at = (int)(where * made.Length);
                switch (how)
                {
                    case 0 when made.Length > 0:
                        made[at] = c;
                        break;
                    case 1:
                        made.Remove(at, Math.Min(length, made.Length - at));
                        break;
                    case 2:
                        made.Insert(at, made.ToString(at, Math.Min(length, made.Length - at)));
                        break;
                    default:
                        made.Insert(at, "\",;=\\%() "[length % 9]);
                        break;
                }
            }

            return made.ToString();
        });

    private static IHeaderDictionary Everywhere(StringValues lines)
    {
        var headers = new HeaderDictionary();
        foreach (var name in new[]
        {
            "Cache-Control", "CDN-Cache-Control", "ScriptProxy-Cache-Control", "Surrogate-Control", "Pragma", "Vary", "Accept-Language", "Accept-Encoding", "Cookie", "Range", "If-Range",
            "If-None-Match", "If-Modified-Since", "Date", "Age", "Expires", "Last-Modified", "ETag", "Content-Language", "Surrogate-Key", "Cache-Tag", "Set-Cookie", "Authorization",
        })
        {
            headers[name] = lines;
        }

        return headers;
    }

    /// <summary>All that is ever read of a request and an answer.</summary>
    private static void ReadAll(StringValues lines)
    {
        var headers = Everywhere(lines);
        foreach (var without in new[] { "", "CDN-Cache-Control", "ScriptProxy-Cache-Control", "Surrogate-Control", "Age", "Authorization", "Vary", "Set-Cookie" })
        {
            headers.Remove(without);
            var answer = new Answer { Status = 200, Headers = headers, Request = headers, Requested = Now, Received = Now };
            var judgement = StoreRule.Judge(in answer, new StorePolicy { Keep = TimeSpan.MaxValue, Grace = TimeSpan.MaxValue });
            if (judgement.MayStore)
            {
                Assert.InRange(judgement.Lifetime, TimeSpan.Zero, TimeSpan.FromSeconds(DeltaSeconds.Most));
                Assert.True(judgement.InitialAge >= TimeSpan.Zero);
                var stored = Flight.Make(judgement, "http://a/", headers, 200, headers, Now);
                Reuse.Choose([stored], headers, RequestDirectives.Read(headers), Now + TimeSpan.FromDays(1));
            }
        }

        var all = Everywhere(lines);
        RequestDirectives.Read(all);
        Validation.IsNotModified(all, all.ETag, all.LastModified, all.Date, Now);
        Validation.MaySendRange(lines, lines, lines, lines, Now);
        VaryFields.PrefersLanguage(all, lines);
        VaryFields.Select(["accept-language", "cookie", "accept-encoding"], all);
        foreach (var range in ByteRanges.Read(lines, 1000) ?? [])
        {
            Assert.True(range.First >= 0 && range.Count > 0 && range.First + range.Count <= 1000);
        }

        if (HttpDates.TryParse(lines.Count > 0 ? lines[0] : "", Now, out var date))
        {
            Assert.True(HttpDates.TryParse(HttpDates.Format(date), Now, out var again));
            Assert.Equal(date, again);
        }
    }

    [Fact]
    public void Fields_Mutated_AreReadOrNot_AndNeverThrow() => Mutated.Array[0, 3].Sample(lines => ReadAll(lines), iter: 5000);

    [Theory]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData("\"")]
    [InlineData("\\\"")]
    [InlineData("\"a,")]
    [InlineData("a=\"b\",")]
    [InlineData("a=\"\\\\")]
    [InlineData("0-0,")]
    [InlineData("a;b=1;")]
    [InlineData("(")]
    [InlineData("a=(1 ")]
    [InlineData("a=%\"%c3")]
    [InlineData("a=:A")]
    [InlineData("0")]
    [InlineData(" ")]
    [InlineData("W/\"x\", ")]
    [InlineData("x;q=0.1, ")]
    public void Fields_Long_TakeWorkInProportion(string piece)
    {
        // What is allocated stands for work: reading twice as much may take about twice as much of it, not four times.
        long Work(int pieces)
        {
            var lines = new StringValues("max-age=1, x=" + string.Concat(Enumerable.Repeat(piece, pieces)));
            var headers = Everywhere(lines);
            ReadAll(lines);
            var before = GC.GetAllocatedBytesForCurrentThread();
            ReadAll(headers.CacheControl);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        var (small, large) = (Work(4000), Work(16_000));
        Assert.True(large < (6 * small) + 100_000, $"{small} bytes for a quarter of what took {large}");
    }

    [Fact]
    public void Strings_Quoted_AreReadAgain() =>
        Gen.String[Gen.Char[' ', '~'], 0, 50].Sample(text =>
            StructuredFields.ReadDictionary("a=" + StructuredFields.Quote(text)) is { } read && read["a"].Kind == ItemKind.String && read["a"].Text == text);

    [Fact]
    public void Strings_OfAnything_BecomeStringsThatCanBeRead() =>
        Gen.String.Sample(text => StructuredFields.ReadDictionary("a=" + StructuredFields.Quote(text)) is { } read && read["a"].Text!.Length == text.Length);

    [Fact]
    public void CacheStatus_WhateverTheReason_IsAStructuredField() =>
        Gen.Select(Gen.String[1, 30], Gen.Int[-100, 100_000_000]).Sample((detail, ttl) =>
        {
            // A list of one token with parameters: as the value of a key it is a dictionary.
            foreach (var written in new[] { CacheStatusField.Hit(TimeSpan.FromSeconds(ttl), detail), CacheStatusField.Forward("stale", 200, true, true, detail) })
            {
                Assert.Equal(1, StructuredFields.ReadDictionary("a=" + written)?.Count);
            }
        });

    [Fact]
    public void Dictionaries_Written_AreReadAgain()
    {
        var key = Gen.String[Gen.Char['a', 'z'], 1, 8];
        var item = Gen.OneOf(
            Gen.Long[-999_999_999_999_999, 999_999_999_999_999].Select(n => (Text: n.ToString(CultureInfo.InvariantCulture), Item: new StructuredItem(ItemKind.Integer, n, null))),
            Gen.String[Gen.Char[' ', '~'], 0, 20].Select(t => (Text: StructuredFields.Quote(t), Item: new StructuredItem(ItemKind.String, 0, t))),
            Gen.Bool.Select(b => (Text: b ? "?1" : "?0", Item: new StructuredItem(ItemKind.Boolean, b ? 1 : 0, null))),
            Gen.String[Gen.Char['a', 'z'], 1, 9].Select(t => (Text: t, Item: new StructuredItem(ItemKind.Token, 0, t))),
            Gen.Byte.Array[0, 20].Select(b => (Text: $":{Convert.ToBase64String(b)}:", Item: new StructuredItem(ItemKind.Bytes, 0, null))));
        Gen.Select(key, item, Gen.Int[0, 2]).Array[1, 8].Sample(members =>
        {
            var written = string.Join(", ", members.Select(m => $"{m.Item1}={m.Item2.Text}{string.Concat(Enumerable.Repeat("; p=\"x;,\"", m.Item3))}"));
            var read = StructuredFields.ReadDictionary(written);
            Assert.NotNull(read);
            foreach (var group in members.GroupBy(m => m.Item1, StringComparer.Ordinal))
            {
                Assert.Equal(group.Last().Item2.Item, read[group.Key]);
            }
        });
    }

    [Fact]
    public void Dates_AllThreeForms_AreTheSameTime() =>
        Gen.DateTime[new DateTime(1980, 1, 2, 0, 0, 0, DateTimeKind.Utc), new DateTime(2079, 12, 31, 0, 0, 0, DateTimeKind.Utc)].Sample(any =>
        {
            var date = new DateTimeOffset(DateTime.SpecifyKind(any.Date.AddSeconds((int)any.TimeOfDay.TotalSeconds), DateTimeKind.Utc));
            var culture = CultureInfo.InvariantCulture;
            foreach (var text in new[] { HttpDates.Format(date), date.ToString("dddd, dd-MMM-yy HH:mm:ss 'GMT'", culture), $"{date.ToString("ddd MMM ", culture)}{date.Day,2} {date.ToString("HH:mm:ss yyyy", culture)}" })
            {
                Assert.True(HttpDates.TryParse(text, Now, out var read), text);
                Assert.Equal(date, read);
            }
        });

    [Fact]
    public void Ages_OfAList_TheFirstCounts_WhatIsSaidTwiceIsNotBelieved() =>
        Gen.Select(Gen.Long[0, 5_000_000_000], Gen.Long[0, 5_000_000_000], Gen.Int[0, 2]).Sample((first, second, form) =>
        {
            var lines = form switch { 0 => new StringValues($"{first}"), 1 => new StringValues($" {first} , {second}"), _ => new StringValues([$"{first}", $"{second}"]) };
            var believed = form == 0 || (form == 1 && first != second);
            return Ages.TryRead(lines, out var said) == believed && (!believed || said == TimeSpan.FromSeconds(Math.Min(first, DeltaSeconds.Most)));
        });
}
