using System.Collections.Frozen;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ScriptProxy.Core.Tls;

/// <summary>The certificates of one listener, chosen by server name. Immutable.</summary>
/// <remarks>Dispose it only after the last handshake that was given one of its contexts.</remarks>
internal sealed class CertificateSet : IDisposable
{
    private readonly FrozenDictionary<string, SslStreamCertificateContext>.AlternateLookup<ReadOnlySpan<char>> _exact;
    private readonly FrozenDictionary<string, SslStreamCertificateContext>.AlternateLookup<ReadOnlySpan<char>> _below;
    private readonly SslStreamCertificateContext? _default;
    private readonly IReadOnlyList<X509Certificate2> _owned;

    private CertificateSet(Builder builder)
    {
        _exact = builder.Exact.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        _below = builder.Below.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        _default = builder.Default;
        First = builder.First;
        _owned = builder.Owned;
        Warnings = builder.Warnings;
    }

    /// <summary>The one written first, for names that none is for; null where there are none.</summary>
    public SslStreamCertificateContext? First { get; }

    /// <summary>What is usable but surely not meant: expired, not yet valid, made for another host.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <exception cref="CertificateException">With the problems of all sources.</exception>
    public static CertificateSet Load(IEnumerable<CertificateSource> sources, string baseFolder, TimeProvider time)
    {
        var builder = new Builder(baseFolder, time.GetUtcNow());
        foreach (CertificateSource source in sources)
            builder.Add(source);
        if (builder.Problems.Count == 0)
            return new CertificateSet(builder);

        foreach (X509Certificate2 certificate in builder.Owned)
            certificate.Dispose();
        throw new CertificateException(builder.Problems);
    }

    /// <summary>
    /// The certificate for a server name as the client sent it: the exact name, else the longest <c>*.</c> pattern above it, else the default.
    /// Null where there is none.
    /// </summary>
    public SslStreamCertificateContext? Find(string? serverName)
    {
        if (string.IsNullOrEmpty(serverName))
            return _default;
        if (_exact.TryGetValue(serverName, out SslStreamCertificateContext? found))
            return found;

        // The framework hands names over decoded to Unicode.
        if (HostNames.Normalize(serverName) is not { } name)
            return _default;
        if (_exact.TryGetValue(name, out found))
            return found;
        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
        {
            if (_below.TryGetValue(name.AsSpan(dot + 1), out found))
                return found;
        }

        return _default;
    }

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in _owned)
            certificate.Dispose();
    }

    private sealed class Builder(string baseFolder, DateTimeOffset now)
    {
        private readonly Dictionary<CertificateSource, SslStreamCertificateContext?> _loaded = [];

        public Dictionary<string, SslStreamCertificateContext> Exact { get; } = new(StringComparer.OrdinalIgnoreCase);

        public Dictionary<string, SslStreamCertificateContext> Below { get; } = new(StringComparer.OrdinalIgnoreCase);

        public SslStreamCertificateContext? Default { get; private set; }

        public SslStreamCertificateContext? First { get; private set; }

        public List<X509Certificate2> Owned { get; } = [];

        public List<string> Problems { get; } = [];

        public List<string> Warnings { get; } = [];

        public void Add(CertificateSource source)
        {
            if (Load(source) is not { } context)
                return;
            First ??= context;

            if (source.Host is null or "" or "*")
            {
                if (Default is not null)
                    Problems.Add($"{source.CertificatePath} is a second default certificate: name its host");
                Default = context;
                return;
            }

            bool isWildcard = source.Host.StartsWith("*.", StringComparison.Ordinal);
            if (HostNames.Normalize(isWildcard ? source.Host[2..] : source.Host) is not { } name)
                Problems.Add($"\"{source.Host}\" is no host name (for {source.CertificatePath}): write a name, *.name or an IP address");
            else if (!(isWildcard ? Below : Exact).TryAdd(name, context))
                Problems.Add($"{source.CertificatePath} is a second certificate for {source.Host}");
            else if (!context.TargetCertificate.MatchesHostname(isWildcard ? "any." + name : name))
                Warnings.Add($"{source.CertificatePath} is not made for {source.Host}: clients will refuse it");
        }

        private SslStreamCertificateContext? Load(CertificateSource source)
        {
            // One file may serve several hosts; it is read, and complained about, once.
            CertificateSource file = source with { Host = null };
            if (_loaded.TryGetValue(file, out SslStreamCertificateContext? context))
                return context;

            try
            {
                X509Certificate2Collection certificates = CertificateFile.Load(source, baseFolder);
                Owned.AddRange(certificates);
                context = SslStreamCertificateContext.Create(certificates[0], certificates, offline: true);
                WarnOfDates(certificates[0], source.CertificatePath);
            }
            catch (CertificateException e)
            {
                Problems.AddRange(e.Problems);
            }

            _loaded.Add(file, context);
            return context;
        }

        private void WarnOfDates(X509Certificate2 certificate, string path)
        {
            var from = new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
            var to = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
            if (now > to)
                Warnings.Add($"{path} expired on {Day(to)}");
            else if (now < from)
                Warnings.Add($"{path} is not valid before {Day(from)}");
        }

        private static string Day(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
    }
}
