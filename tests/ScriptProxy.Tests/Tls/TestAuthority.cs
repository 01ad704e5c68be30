using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ScriptProxy.Tests.Tls;

/// <summary>A root, an intermediate below it, and a scratch folder for the certificates they issue.</summary>
internal sealed class TestAuthority : IDisposable
{
    public static readonly DateTimeOffset From = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset To = new(2055, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _intermediate;
    private int _serial = 1;

    public TestAuthority()
    {
        Root = Issue("CN=Test root", null, ECDsa.Create(ECCurve.NamedCurves.nistP256), From, To, authority: true);
        _intermediate = Issue("CN=Test intermediate", Root, ECDsa.Create(ECCurve.NamedCurves.nistP256), From, To, authority: true);
    }

    public X509Certificate2 Root { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tls-test").FullName;

    public X509Certificate2 Intermediate => _intermediate;

    public X509Certificate2 Issue(string host, AsymmetricAlgorithm? key = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
        => Issue("CN=" + host, _intermediate, key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256), from ?? From, to ?? To, authority: false, host);

    /// <summary>Writes <c>name.pem</c> (with the intermediate) and <c>name.key</c> (PKCS#8), and gives the certificate.</summary>
    public X509Certificate2 WriteBoth(string name, string host, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 certificate = Issue(host, key, from, to);
        Write(name + ".pem", certificate.ExportCertificatePem() + "\n" + _intermediate.ExportCertificatePem() + "\n");
        Write(name + ".key", key.ExportPkcs8PrivateKeyPem() + "\n");
        return certificate;
    }

    public void Write(string name, string content) => File.WriteAllText(Path.Combine(Folder, name), content);

    public void Write(string name, byte[] content) => File.WriteAllBytes(Path.Combine(Folder, name), content);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private X509Certificate2 Issue(
        string subject, X509Certificate2? issuer, AsymmetricAlgorithm key, DateTimeOffset from, DateTimeOffset to, bool authority, string? host = null)
    {
        CertificateRequest request = key switch
        {
            RSA rsa => new(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            _ => new(subject, (ECDsa)key, HashAlgorithmName.SHA256),
        };
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, critical: true));
        if (host is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            request.CertificateExtensions.Add(names.Build());
        }

        if (issuer is null)
            return request.CreateSelfSigned(from, to);
        using ECDsa signer = issuer.GetECDsaPrivateKey()!;
        using X509Certificate2 issued = request.Create(
            issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(signer), from, to, [(byte)Interlocked.Increment(ref _serial)]);
        return key is RSA r ? issued.CopyWithPrivateKey(r) : issued.CopyWithPrivateKey((ECDsa)key);
    }
}
