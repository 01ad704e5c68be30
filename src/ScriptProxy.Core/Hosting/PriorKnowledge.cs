using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ScriptProxy.Core.Hosting;

/// <summary>HTTP/1.1 and HTTP/2 on one port without TLS: a connection that begins with HTTP/2's preface (RFC 9113, 3.4) speaks HTTP/2, every other HTTP/1.1.</summary>
internal sealed class PriorKnowledge(ConnectionDelegate next, TimeSpan patience)
{
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <param name="options">Of a listener without TLS that has Kestrel's default protocols.</param>
    /// <param name="patience">How long a connection may wait with its first bytes: Kestrel's own limits begin after them.</param>
    internal static void Use(ListenOptions options, TimeSpan patience) =>
        options.Use(next => new PriorKnowledge(next, patience).OnConnectionAsync);

    private async Task OnConnectionAsync(ConnectionContext connection)
    {
        switch (await LookAsync(connection))
        {
            case null:
                // Closed, or too late: Kestrel closes a connection when this returns.
                return;
            case true:
                Negotiated.Claim(connection.Features);
                break;
        }

        await next(connection);
    }

    /// <returns>Whether the preface is there; null when nothing worth serving came. What was looked at stays to be read.</returns>
    private async ValueTask<bool?> LookAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;

        // A stop of the listener must not wait for a client that has not asked for anything.
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(patience);
        try
        {
            // It throws where the client has reset the connection.
            if (input.TryRead(out var read) && Judge(input, read) is { } atOnce)
            {
                return atOnce;
            }

            while (true)
            {
                read = await input.ReadAsync(limit.Token);
                if (Judge(input, read) is { } found)
                {
                    return found;
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            return null;
        }
    }

    private static bool? Judge(PipeReader input, ReadResult read)
    {
        var buffer = read.Buffer;
        var compared = Math.Min(buffer.Length, Preface.Length);
        Span<byte> begin = stackalloc byte[(int)compared];
        buffer.Slice(0, compared).CopyTo(begin);
        var same = Preface.StartsWith(begin);
        if (same && compared < Preface.Length && !read.IsCompleted)
        {
            input.AdvanceTo(buffer.Start, buffer.End);
            return null;
        }

        input.AdvanceTo(buffer.Start);
        return same && compared == Preface.Length;
    }

    /// <summary>Kestrel takes HTTP/2 on a port that has both only where TLS negotiated it. This claims so until Kestrel has asked, and then is gone.</summary>
    /// <remarks>Gone, because scheme and client certificate of the requests are told by the same feature. Should Kestrel ask in another order one day, it serves HTTP/1.1.</remarks>
    private sealed class Negotiated(IFeatureCollection features) : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        private static readonly ReadOnlyMemory<byte> Http2 = "h2"u8.ToArray();

        public X509Certificate2? ClientCertificate { get; set; }

        public ReadOnlyMemory<byte> ApplicationProtocol
        {
            get
            {
                features.Set<ITlsConnectionFeature>(null);
                features.Set<ITlsApplicationProtocolFeature>(null);
                return Http2;
            }
        }

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);

        internal static void Claim(IFeatureCollection features)
        {
            var claim = new Negotiated(features);
            features.Set<ITlsConnectionFeature>(claim);
            features.Set<ITlsApplicationProtocolFeature>(claim);
        }
    }
}
