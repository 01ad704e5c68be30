using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ScriptProxy.Bench.Comparing;

/// <summary>Whether a contender does the work that is measured: status, body, and what its scripts add.</summary>
internal static class Agreement
{
    internal static HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(20),
    };

    /// <exception cref="BenchException">An answer is not what it should be.</exception>
    internal static async Task CheckAsync(Contender contender, BenchRoute route, string files, CancellationToken stop)
    {
        var (status, headers, body) = await AskAsync(contender, route.Target, route.Body, route.Token, stop);
        Same(contender, route, "status", "200", status);
        switch (route.Name)
        {
            case "plain" or "content":
                Same(contender, route, "body", "hello world\n", body);
                break;
            case "big":
                Same(contender, route, "body", await File.ReadAllTextAsync(Path.Combine(files, "100k.bin"), stop), body);
                break;
            case "script":
                await CheckScriptAsync(contender, route, headers, body, await OneKilobyteAsync(files, stop), stop);
                break;
            case "count":
                var next = (await AskAsync(contender, route.Target, null, null, stop)).Body;
                Same(contender, route, "next count", (long.Parse(body, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture), next.Trim());
                break;
            case "body":
                var text = await File.ReadAllTextAsync(Path.Combine(files, "10k.txt"), stop);
                Same(contender, route, "body", text.Replace("foo", "bar!", StringComparison.Ordinal), body);
                break;
            case "json":
                CheckOrder(contender, route, body);
                break;
            case "signed":
                Same(contender, route, "body", await OneKilobyteAsync(files, stop), body);
                Same(contender, route, "status with another expiry", "403", (await AskAsync(contender, route.Target.Replace("e=9", "e=8", StringComparison.Ordinal), null, null, stop)).Status);
                Same(contender, route, "status without a signature", "403", (await AskAsync(contender, "/signed/1k.txt", null, null, stop)).Status);
                break;
            case "regex":
                Same(contender, route, "body", await OneKilobyteAsync(files, stop), body);
                Same(contender, route, "header at the backend", "user= kind=orders\n", (await AskAsync(contender, route.Target + "?seen=1", null, null, stop)).Body);
                Same(contender, route, "header at the backend", "user= kind=\n", (await AskAsync(contender, "/regex/none?seen=1", null, null, stop)).Body);
                break;
        }
    }

    private static Task<string> OneKilobyteAsync(string files, CancellationToken stop) => File.ReadAllTextAsync(Path.Combine(files, "1k.txt"), stop);

    private static async Task CheckScriptAsync(Contender contender, BenchRoute route, string headers, string body, string expected, CancellationToken stop)
    {
        Same(contender, route, "body", expected, body);
        Same(contender, route, "X-Gateway", "True", headers.Contains("X-Gateway: scripted\n", StringComparison.OrdinalIgnoreCase).ToString());
        Same(contender, route, "status for a bad token", "403", (await AskAsync(contender, route.Target, null, "bad", stop)).Status);
        Same(contender, route, "header at the backend", "user=u-t1 kind=\n", (await AskAsync(contender, route.Target + "?seen=1", null, "t1", stop)).Body);
    }

    private static void CheckOrder(Contender contender, BenchRoute route, string body)
    {
        var expected = JsonNode.Parse(route.Body!)!.AsObject();
        var items = expected["items"]!.AsArray();
        var kept = items.Where(i => i!["price"]!.GetValue<double>() > 10).Select(i => i!.DeepClone()).ToArray();
        expected["items"] = new JsonArray(kept);
        expected["total"] = kept.Sum(i => i["price"]!.GetValue<double>() * i["count"]!.GetValue<double>());
        Same(contender, route, "order", Canonical(expected), Canonical(JsonNode.Parse(body)));
    }

    /// <summary>Members in the order of their names, numbers as doubles: what two JSON writers agree on.</summary>
    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject members => "{" + string.Join(',', members.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => m.Key + ":" + Canonical(m.Value))) + "}",
        JsonArray elements => "[" + string.Join(',', elements.Select(Canonical)) + "]",
        JsonValue value when value.TryGetValue<double>(out var number) => number.ToString("G12", CultureInfo.InvariantCulture),
        _ => node?.ToJsonString() ?? "null",
    };

    private static async Task<(string Status, string Headers, string Body)> AskAsync(
        Contender contender, string target, string? post, string? token, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(post is null ? HttpMethod.Get : HttpMethod.Post, new Uri(contender.Address + target));
        request.Content = post is null ? null : new StringContent(post, Encoding.UTF8, "application/json");
        if (token is not null)
        {
            request.Headers.Add("X-Token", token);
        }

        using var answer = await Client.SendAsync(request, stop);
        return (
            ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture),
            answer.Headers.ToString().ReplaceLineEndings("\n"),
            await answer.Content.ReadAsStringAsync(stop));
    }

    private static void Same(Contender contender, BenchRoute route, string what, string expected, string found)
    {
        if (found != expected)
        {
            throw new BenchException($"{contender.Name}, {route.Target}: {what} is '{Short(found)}' and should be '{Short(expected)}'");
        }
    }

    private static string Short(string text) => text.Length <= 300 ? text : text[..300] + $"... ({text.Length} characters)";
}
