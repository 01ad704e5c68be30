using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Tests.Caching;

public class DirectiveTests
{
    private static readonly Gen<string> Fields = Gen.String[Gen.OneOf(Gen.Char["=,;\"\\ \t()?:@%*-"], Gen.Char['a', 'z'], Gen.Char['0', '9'], Gen.Char), 0, 40];

    private static int? MaxAge(params string[] lines) => (int?)ResponseDirectives.Read(new StringValues(lines)).Lifetime?.TotalSeconds;

    [Theory]
    [InlineData("max-age=60", 60)]
    [InlineData("MAX-age=60", 60)]
    [InlineData("max-age=\"60\"", 60)]
    [InlineData("max-age=0060", 60)]
    [InlineData("foo, , max-age=60 , bar=\"a,b\"", 60)]
    [InlineData("max-age=60, max-age=1", 60)]
    [InlineData("max-age=60, s-maxage=5", 5)]
    [InlineData("x=\"max-age=1, max-age=2\", max-age=3", 3)]
    [InlineData("x=\"a\\\"b, max-age=2\", max-age=3", 3)]
    [InlineData("max-age=99999999999999999999999", int.MinValue)]
    [InlineData("max-age", 0)]
    [InlineData("max-age=", 0)]
    [InlineData("max-age=-1", 0)]
    [InlineData("max-age=+1", 0)]
    [InlineData("max-age=1.5", 0)]
    [InlineData("max-age='60'", 0)]
    [InlineData("max-age=60s", 0)]
    [InlineData("max-age =60", 0)]
    [InlineData("max-age= 60", 0)]
    [InlineData("max-age=\"60", 0)]
    [InlineData("s-maxage=x, max-age=60", 0)]
    [InlineData("", null)]
    [InlineData("public", null)]
    [InlineData("x-max-age=60", null)]
    public void MaxAge_IsReadOrTakenForStale(string text, int? expected) =>
        Assert.Equal(expected == int.MinValue ? (int?)TimeSpan.FromSeconds(DeltaSeconds.Most).TotalSeconds : expected, MaxAge(text));

    [Fact]
    public void Lines_Several_AreOneList() => Assert.Equal(60, MaxAge("public", "max-age=60", "max-age=1"));

    [Fact]
    public void Fields_Named_AreNotTheWholeAnswer()
    {
        var read = ResponseDirectives.Read("no-cache=\"a, B\", private=\"c\", max-age=5");
        Assert.Equal((false, false), (read.NoCache, read.Private));
        Assert.Equal(["a", "B", "c"], read.Fields);
        Assert.True(ResponseDirectives.Read("no-cache=\"\"").NoCache);
        Assert.True(ResponseDirectives.Read("no-cache=\"").NoCache);
        Assert.True(ResponseDirectives.Read("private=\",\"").Private);
        Assert.True(ResponseDirectives.Read("no-store=yes").NoStore);
    }

    [Theory]
    [InlineData("CDN-Cache-Control: max-age=60", "Cache-Control: no-store", 60)]
    [InlineData("CDN-Cache-Control: max-age=60", "ScriptProxy-Cache-Control: max-age=5", 5)]
    [InlineData("CDN-Cache-Control: max-age=60,", "Cache-Control: max-age=1", 1)]
    [InlineData("CDN-Cache-Control: ", "Cache-Control: max-age=1", 1)]
    [InlineData("CDN-Cache-Control: MAX-AGE=60", "Cache-Control: max-age=1", 1)]
    [InlineData("CDN-Cache-Control: foo", "Cache-Control: max-age=1", null)]
    [InlineData("CDN-Cache-Control: max-age=60.5", "Cache-Control: max-age=1", null)]
    [InlineData("CDN-Cache-Control: max-age=\"60\"", "Cache-Control: max-age=1", null)]
    [InlineData("CDN-Cache-Control: max-age=60, max-age=61;x=?1", "Cache-Control: max-age=1", 61)]
    [InlineData("Surrogate-Control: max-age=60", "Cache-Control: no-store", 60)]
    [InlineData("Surrogate-Control: max-age=60+10;scriptproxy", "Cache-Control: max-age=1", 60)]
    [InlineData("Surrogate-Control: max-age=60;other", "Cache-Control: max-age=1", 1)]
    [InlineData("Surrogate-Control: content=\"ESI/1.0\"", "Cache-Control: max-age=1", 1)]
    public void Targeted_Field_StandsBeforeTheOneForAll(string targeted, string other, int? expected)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        foreach (var header in new[] { targeted, other })
        {
            var at = header.IndexOf(": ", StringComparison.Ordinal);
            headers.Append(header[..at], header[(at + 2)..]);
        }

        var read = TargetedControl.Read(headers);
        Assert.Equal(expected, (int?)read.Lifetime?.TotalSeconds);
        Assert.False(read.NoStore);
    }

    [Theory]
    [InlineData("max-stale", "", -1.0)]
    [InlineData("max-stale=5", "", 5.0)]
    [InlineData("max-stale=x", "", null)]
    public void Request_MaxStale_IsReadWithAndWithoutLimit(string text, string pragma, double? expected)
    {
        var read = Request(text, pragma);
        Assert.Equal(expected is < 0 ? TimeSpan.MaxValue : expected is { } seconds ? TimeSpan.FromSeconds(seconds) : null, read.MaxStale);
    }

    [Fact]
    public void Request_Pragma_SpeaksOnlyAlone()
    {
        Assert.True(Request(null, "no-cache").NoCache);
        Assert.True(Request(null, "x, No-Cache").NoCache);
        Assert.False(Request("max-age=5", "no-cache").NoCache);
        Assert.False(Request(null, "foo").NoCache);
        var all = Request("no-store, no-cache, only-if-cached, max-age=1, min-fresh=2, stale-if-error=3", null);
        Assert.True(all is { NoStore: true, NoCache: true, OnlyIfCached: true });
        Assert.Equal([1.0, 2.0, 3.0], new[] { all.MaxAge, all.MinFresh, all.StaleIfError }.Select(t => t!.Value.TotalSeconds));
    }

    [Theory]
    [InlineData("a=1, b=?0;x=:AQ==:, c, d=(1 \"x\" tok);q=0.5, *e=@123, f=%\"f%c3%bc\", g=a/b:c*", 7)]
    [InlineData("a=-999999999999999", 1)]
    [InlineData("a=123456789012.123", 1)]
    [InlineData("  a  ", 1)]
    [InlineData("", 0)]
    public void Dictionary_Good_IsRead(string text, int members) => Assert.Equal(members, StructuredFields.ReadDictionary(text)?.Count);

    [Theory]
    [InlineData("a=")]
    [InlineData("a =1")]
    [InlineData("A=1")]
    [InlineData("a=1,")]
    [InlineData("a=1 b=2")]
    [InlineData("a=1;")]
    [InlineData("a=?2")]
    [InlineData("a=\"x")]
    [InlineData("a=\"\\x\"")]
    [InlineData("a=\"\u00e9\"")]
    [InlineData("a=1234567890123456")]
    [InlineData("a=1.")]
    [InlineData("a=1.1234")]
    [InlineData("a=1234567890123.1")]
    [InlineData("a=-")]
    [InlineData("a=(1")]
    [InlineData("a=(1\"x\")")]
    [InlineData("a=:=:")]
    [InlineData("a=:AQ==")]
    [InlineData("a=@1.5")]
    [InlineData("a=%\"%C3\"")]
    [InlineData("a=%\"%c\"")]
    public void Dictionary_Bad_IsNotReadAtAll(string text) => Assert.Null(StructuredFields.ReadDictionary("good=1, " + text));

    [Fact]
    public void Parsers_Garbage_NeverThrow() => Fields.Array[0, 3].Sample(lines =>
    {
        ResponseDirectives.Read(lines);
        StructuredFields.ReadDictionary(lines);
        VaryFields.Read(lines);
        Ages.TryRead(lines, out _);
        IHeaderDictionary headers = new HeaderDictionary { ["Cache-Control"] = lines, ["Surrogate-Control"] = lines, ["CDN-Cache-Control"] = lines, ["Accept-Language"] = lines, ["Pragma"] = lines };
        TargetedControl.Read(headers);
        RequestDirectives.Read(headers);
        VaryFields.Select(["accept-language", "cache-control"], headers);
        VaryFields.PrefersLanguage(headers, "de");
        Validation.Matches(lines, "\"x\"");
    });

    [Fact]
    public void Directives_ThatWereWritten_AreReadAgain() =>
        Gen.Select(Gen.String[Gen.Char['a', 'z'], 1, 8], Gen.String[Gen.Char[" ,=abc"], 0, 8]).Array[0, 6].Sample(pairs =>
        {
            var d = new Directives(string.Join(" ,", pairs.Select(p => $"{p.Item1}=\"{p.Item2}\"")));
            foreach (var (name, value) in pairs)
            {
                Assert.True(d.Next());
                Assert.Equal((name, value, false), (d.Name.ToString(), d.Value.ToString(), d.IsMalformed));
            }

            Assert.False(d.Next());
        });

    private static RequestDirectives Request(string? cacheControl, string? pragma) => RequestDirectives.Read(new HeaderDictionary { ["Cache-Control"] = cacheControl, ["Pragma"] = pragma });
}
