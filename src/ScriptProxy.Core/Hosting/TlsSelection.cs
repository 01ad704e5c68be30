using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Scripting;
using ScriptProxy.Core.Tls;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Hosting;

/// <summary>Answers a TLS handshake from the generation that serves: its Certificate phase, then the listener's certificates, then the one for development.</summary>
internal sealed partial class TlsSelection(ListenerKey key, Func<Generation?> current, SharedState shared, ILogger logger)
{
    internal static TlsHandshakeCallbackOptions Options(ListenerKey key, Func<Generation?> current, SharedState shared, ILogger logger) =>
        ServerTls.Options(new TlsSelection(key, current, shared, logger).SelectAsync);

    private async ValueTask<TlsAnswer> SelectAsync(TlsHello hello, CancellationToken aborted)
    {
        var generation = current();
        while (generation is not null && !generation.Snapshot.Gate.TryEnter())
        {
            // Replaced and gone since it was asked for: another serves.
            generation = current();
        }

        if (generation is null)
        {
            return default;
        }

        try
        {
            var listener = generation.Tls.FirstOrDefault(l => l.Key == key);
            var mode = listener?.Model.Tls?.ClientCertificates switch
            {
                ClientCertificates.Optional => ClientCertificateMode.AllowCertificate,
                ClientCertificates.Required => ClientCertificateMode.RequireCertificate,
                _ => ClientCertificateMode.NoCertificate,
            };
            var answer = new TlsAnswer(listener?.Certificates?.Find(hello.ServerName) ?? listener?.Certificates?.First ?? shared.DevelopmentCertificate(), mode);
            if (generation.Certificates is { } phase)
            {
                var runtime = generation.Snapshot.Runtime;
                var context = new CertificateContext(
                    hello.ServerName, hello.Connection.RemoteEndPoint as IPEndPoint, runtime.Logger, runtime.Time, aborted);
                if (await ChooseAsync(phase, context, runtime) is { } chosen)
                {
                    answer = new TlsAnswer(SslStreamCertificateContext.Create(chosen, additionalCertificates: null, offline: true), mode);
                }

                answer = answer with { Protocols = context.Protocols };
            }

            return answer;
        }
        finally
        {
            generation.Snapshot.Gate.Leave();
        }
    }

    private async ValueTask<System.Security.Cryptography.X509Certificates.X509Certificate2?> ChooseAsync(
        CertificatePhase phase, CertificateContext context, GatewayRuntime runtime)
    {
        try
        {
            return await phase.ChooseAsync(context, runtime);
        }
        catch (Exception error)
        {
            LogFailed(logger, context.ServerName ?? "(no name)", ScriptErrors.Describe(error).ToString());
            throw;
        }
    }

    [LoggerMessage(62, LogLevel.Error, "the Certificate handler failed for {ServerName}, the handshake is refused: {Reason}")]
    private static partial void LogFailed(ILogger logger, string serverName, string reason);
}
