using System.Globalization;
using CsCheck;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Caching.Semantics;

namespace ScriptProxy.Tests.Caching;

public class StoreRuleTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static Judgement Judge(string response, int status = 200, string request = "", StorePolicy? policy = null, Freshness? script = null, double delay = 0) => StoreRule.Judge(
        new Answer { Status = status, Headers = Headers(response), Request = Headers(request), Requested = Now - TimeSpan.FromSeconds(delay), Received = Now, Script = script },
        policy ?? new StorePolicy());

    private static HeaderDictionary Headers(string text)
    {
        var headers = new HeaderDictionary();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = line.IndexOf(':', StringComparison.Ordinal);
            headers.Append(line[..at], line[(at + 1)..].Trim());
        }

        return headers;
    }

    private static string At(double seconds) => HttpDates.Format(Now + TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("Cache-Control: max-age=60", 200, "", "max-age 60")]
    [InlineData("Cache-Control: max-age=60", 599, "", "max-age 60")]
    [InlineData("Cache-Control: max-age=60, must-understand", 599, "", "must-understand")]
    [InlineData("Cache-Control: max-age=60, must-understand, no-store", 200, "", "max-age 60")]
    [InlineData("Cache-Control: max-age=60, no-store", 200, "", "no-store")]
    [InlineData("Cache-Control: max-age=60, private", 200, "", "private")]
    [InlineData("Cache-Control: max-age=60, private=\"x\"", 200, "", "max-age 60")]
    [InlineData("Cache-Control: max-age=60", 206, "", "status")]
    [InlineData("Cache-Control: max-age=60", 304, "", "status")]
    [InlineData("Cache-Control: max-age=60\nVary: a, *", 200, "", "vary-star")]
    [InlineData("Cache-Control: max-age=60", 200, "Authorization: x", "authorization")]
    [InlineData("Cache-Control: max-age=60, public", 200, "Authorization: x", "max-age 60")]
    [InlineData("Cache-Control: max-age=60, must-revalidate", 200, "Authorization: x", "max-age 60")]
    [InlineData("Cache-Control: s-maxage=60", 200, "Authorization: x", "s-maxage 60")]
    [InlineData("Cache-Control: max-age=60\nSet-Cookie: a", 200, "", "max-age 60")]
    [InlineData("Set-Cookie: a\nCache-Control: public\nLast-Modified: Mon, 01 Jan 2029 00:00:00 GMT", 200, "", "set-cookie")]
    [InlineData("Cache-Control: max-age=0", 200, "", "stale")]
    [InlineData("Cache-Control: max-age=0\nETag: \"x\"", 200, "", "max-age 0")]
    [InlineData("Cache-Control: no-cache", 200, "", "no-cache")]
    [InlineData("Cache-Control: no-cache\nETag: \"x\"", 200, "", "validator 0")]
    [InlineData("ETag: \"x\"", 200, "", "validator 0")]
    [InlineData("ETag: \"x\"", 500, "", "no-freshness")]
    [InlineData("", 200, "", "no-freshness")]
    [InlineData("Expires: 0", 200, "", "stale")]
    [InlineData("Expires: Tue, 01 Jan 2030 00:01:00 GMT", 200, "", "expires 60")]
    [InlineData("Expires: Tue, 01 Jan 2030 00:01:00 GMT\nDate: Tue, 01 Jan 2030 00:00:30 GMT", 200, "", "expires 30")]
    [InlineData("Expires: Tue, 01 Jan 2030 00:01:00 GMT\nCache-Control: max-age=5", 200, "", "max-age 5")]
    [InlineData("Last-Modified: Mon, 31 Dec 2029 23:50:00 GMT", 200, "", "heuristic 60")]
    [InlineData("Last-Modified: Mon, 31 Dec 2029 23:50:00 GMT", 404, "", "heuristic 60")]
    [InlineData("Last-Modified: Mon, 31 Dec 2029 23:50:00 GMT", 302, "", "no-freshness")]
    [InlineData("Last-Modified: Mon, 31 Dec 2029 23:50:00 GMT\nCache-Control: public", 302, "", "heuristic 60")]
    [InlineData("Last-Modified: Mon, 01 Jan 1990 00:00:00 GMT", 200, "", "heuristic 86400")]
    [InlineData("Cache-Control: max-age=60\nAge: x\nETag: \"x\"", 200, "", "unreadable-age 0")]
    public void Answer_IsStoredOrNot_AndWhy(string response, int status, string request, string expected)
    {
        var judgement = Judge(response, status, request);
        Assert.Equal(expected, judgement.MayStore ? $"{judgement.Reason} {judgement.Lifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture)}" : judgement.Reason);
    }

    [Theory]
    [InlineData("", true, 0)]
    [InlineData("5", true, 5)]
    [InlineData(" 5 ", true, 5)]
    [InlineData("0,7200", true, 0)]
    [InlineData("7200, 0", true, 7200)]
    [InlineData("0, 0", false, 0)]
    [InlineData("5|7200", false, 0)]
    [InlineData("x, 5", false, 0)]
    [InlineData(",5", false, 0)]
    [InlineData("-5", false, 0)]
    [InlineData("5.0", false, 0)]
    [InlineData("abc", false, 0)]
    [InlineData("5;a=b", false, 0)]
    public void Age_IsReadOrNotBelieved(string text, bool good, int seconds)
    {
        Assert.Equal(good, Ages.TryRead(text.Length == 0 ? default : text.Split('|'), out var said));
        Assert.Equal(good ? seconds : said.TotalSeconds, said.TotalSeconds);
    }

    [Fact]
    public void Script_Store_DecidesOverTheOrigin()
    {
        var store = Freshness.Store(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(7), ["a"], forEveryone: false);
        var judgement = Judge("Cache-Control: no-store\nAge: 500\nSurrogate-Key: b c\nCache-Tag: d,e", script: store);
        Assert.True(judgement is { MayStore: true, Reason: "script", Lifetime.TotalSeconds: 60, InitialAge.TotalSeconds: 0, Grace.TotalSeconds: 5, Keep.TotalSeconds: 7 });
        Assert.Equal(["a", "b", "c", "d", "e"], judgement.Tags);
        Assert.False(Judge("Cache-Control: private", script: store).MayStore);
        Assert.False(Judge("Set-Cookie: x", script: store).MayStore);
        Assert.False(Judge("", request: "Authorization: x", script: store).MayStore);
        var forEveryone = Freshness.Store(TimeSpan.FromSeconds(60), TimeSpan.Zero, TimeSpan.Zero, null, forEveryone: true);
        Assert.True(Judge("Cache-Control: private\nSet-Cookie: x", request: "Authorization: x", script: forEveryone).MayStore);
        Assert.Equal("skip", Judge("Cache-Control: max-age=60", script: Freshness.Skip).Reason);
    }

    [Theory]
    [InlineData(200, "", "ttl")]
    [InlineData(404, "", "no-freshness")]
    [InlineData(404, "Cache-Control: public", "ttl")]
    [InlineData(200, "Cache-Control: max-age=1", "max-age")]
    [InlineData(200, "Set-Cookie: a", "set-cookie")]
    public void Ttl_IsForAnswersThatWorkedAndSaidNothing(int status, string response, string reason) =>
        Assert.Equal(reason, Judge(response, status, policy: new StorePolicy { Ttl = TimeSpan.FromSeconds(9) }).Reason);

    /// <summary>Section 4.2 of RFC 9111 written down once more, as plainly as can be.</summary>
    [Fact]
    public void FreshnessAndAge_AreThoseOfAPlainModel() =>
        Gen.Select(Gen.Int[-1, 100], Gen.Int[-1, 100], Gen.Int[-50, 100], Gen.Int[-1, 100], Gen.Int[-60, 60], Gen.Int[0, 20]).Sample(sample =>
        {
            var (maxAge, shared, expires, age, date, delay) = sample;
            var control = new List<string>();
            var model = (double?)null;
            if (expires != -50)
            {
                model = Math.Max(expires - date, 0);
            }

            if (maxAge >= 0)
            {
                control.Add($"max-age={maxAge}");
                model = maxAge;
            }

            if (shared >= 0)
            {
                control.Add($"s-maxage={shared}");
                model = shared;
            }

            var text = $"Date: {At(date)}\nETag: \"x\"\n";
            text += control.Count > 0 ? $"Cache-Control: {string.Join(", ", control)}\n" : "";
            text += expires == -50 ? "" : $"Expires: {At(expires)}\n";
            text += age < 0 ? "" : $"Age: {age}\n";
            var judgement = Judge(text, delay: delay);
            var apparent = Math.Max(0, -date);
            var corrected = Math.Max(age, 0) + delay;
            Assert.Equal(model ?? 0, judgement.Lifetime.TotalSeconds);
            Assert.Equal(Math.Max(apparent, corrected), judgement.InitialAge.TotalSeconds);
        });
}
