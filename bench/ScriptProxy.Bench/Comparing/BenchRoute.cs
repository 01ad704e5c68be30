using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace ScriptProxy.Bench.Comparing;

/// <summary>A route that is measured.</summary>
/// <param name="Name">What --routes calls it.</param>
/// <param name="Target">Path and query.</param>
/// <param name="What">What it does, for the report.</param>
internal sealed record BenchRoute(string Name, string Target, string What)
{
    internal string? Body { get; init; }

    internal string? Token { get; init; }

    /// <summary>For wrk, in Lua, where one request is not like the other.</summary>
    internal string? Script { get; init; }

    /// <summary>The bare YARP has this route too.</summary>
    internal bool OnBare { get; init; }

    internal static IReadOnlyList<BenchRoute> All { get; } =
    [
        new("plain", "/", "plain proxying, a 12-byte answer") { OnBare = true },
        new("big", "/big/100k.bin", "plain proxying, a 100 KB answer") { OnBare = true },
        new("script", "/script/1k.txt", "an access script reads a header, may refuse, sets a request header; a header filter; proxied") { Token = "t1", OnBare = true },
        new("content", "/content", "the script answers") { OnBare = true },
        new("count", "/count", "a shared counter is incremented, the count is the answer"),
        new("body", "/body/10k.txt", "a body filter replaces a text in 10 KB"),
        new("json", "/json", "the script reads a 2 KB JSON order, keeps its dearer items, adds them up") { Body = Order },
        new("signed", $"/signed/1k.txt?e={Expiry}&s={Signature("/signed/1k.txt")}", "an access script checks an HMAC-SHA1 of path and expiry; proxied"),
        new("regex", "/regex/orders/42.txt", "an access script tries 20 regular expressions on the path; proxied"),
    ];

    internal const string Expiry = "9999999999";

    private static string Order => JsonSerializer.Serialize(
        new
        {
            id = "o-2041",
            customer = "Ada Lovelace",
            address = "12 St James's Square, London",
            items = Enumerable.Range(1, 26).Select(n => new
            {
                sku = $"sku-{n:D5}",
                name = $"article number {n} of the list",
                price = n * 0.75,
                count = (n % 4) + 1,
            }),
        },
        JsonSerializerOptions.Web);

    /// <exception cref="BenchException">There is no such route.</exception>
    internal static IReadOnlyList<BenchRoute> Named(string? names)
    {
        if (names is null)
        {
            return All;
        }

        return
        [
            .. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
                All.FirstOrDefault(r => r.Name == name || r.Target == name)
                ?? throw new BenchException($"there is no route '{name}'; there are: {string.Join(", ", All.Select(r => r.Name))}")),
        ];
    }

    // SHA-1 as the peers' Lua library has it: the work is what is compared.
    private static string Signature(string path) => Uri.EscapeDataString(Convert.ToBase64String(HMACSHA1.HashData("secret"u8, Encoding.UTF8.GetBytes(path + Expiry))));
}
