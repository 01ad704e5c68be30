using System.Collections.Concurrent;
using System.Text;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Anonymizing;

/// <summary>A server behind the gateway that keeps what it was sent, byte for byte, and answers what it is told to.</summary>
internal sealed class Peer : IDisposable
{
    private readonly RawOrigin _origin;
    private readonly ConcurrentQueue<string> _heads = new();

    internal Peer(params string[] answerHeaders) => _origin = new RawOrigin(async (stream, _) =>
    {
        while (await RawOrigin.ReadHeadAsync(stream) is { Length: > 0 } head)
        {
            _heads.Enqueue(head);
            var lines = answerHeaders.Select(h => h.Replace("{self}", Address, StringComparison.Ordinal).Replace("{host}", Host, StringComparison.Ordinal)).ToList();
            if (lines is not [['H', 'T', 'T', 'P', '/', ..], ..])
            {
                lines.Insert(0, "HTTP/1.1 200 OK");
            }

            var body = Encoding.UTF8.GetBytes(Body.Replace("{self}", Address, StringComparison.Ordinal).Replace("{host}", Host, StringComparison.Ordinal));
            await stream.WriteAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", [.. lines, $"Content-Length: {body.Length}", "", ""])));
            await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
            await stream.FlushAsync();
            await stream.WriteAsync(body.AsMemory(body.Length / 2));
        }
    });

    internal string Body { get; init; } = "body";

    internal string Address => _origin.Address;

    internal string Host => new Uri(Address).Authority;

    /// <summary>The requests without their last empty line, with the peer's own address as "peer".</summary>
    internal IReadOnlyList<string> Heads => [.. _heads.Select(h => h.TrimEnd().Replace("\r\n", "\n", StringComparison.Ordinal).Replace(Host, "peer", StringComparison.Ordinal))];

    internal string Head => Heads[^1];

    public void Dispose() => _origin.Dispose();
}
