using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ScriptProxy.Core.Tls;

/// <summary>The certificate of an https listener that was given none: for development, in memory only.</summary>
internal static class SelfSigned
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>
    /// An ECDSA P-256 certificate for localhost, 127.0.0.1, ::1 and <paramref name="hosts"/>, valid for 30 days. Names that no certificate can
    /// carry (<c>*</c>, <c>0.0.0.0</c>, <c>::</c>) are left out.
    /// </summary>
    public static SslStreamCertificateContext Create(IEnumerable<string> hosts, TimeProvider time)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ScriptProxy development", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(Names(hosts));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], critical: false));

        // An hour back, for clients whose clock is behind.
        DateTimeOffset now = time.GetUtcNow();
        X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now + Lifetime);
        if (OperatingSystem.IsWindows())
            certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
        return SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
    }

    private static X509Extension Names(IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string host in (IEnumerable<string>)["localhost", "127.0.0.1", "::1", .. hosts])
        {
            bool isWildcard = host.StartsWith("*.", StringComparison.Ordinal);
            if (HostNames.Normalize(isWildcard ? host[2..] : host) is not { } name || !seen.Add(isWildcard ? "*." + name : name))
                continue;

            if (HostNames.AsAddress(name) is not { } address)
                names.AddDnsName(isWildcard ? "*." + name : name);
            else if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
                names.AddIpAddress(address);
        }

        return names.Build();
    }
}
