using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Tls;

namespace ScriptProxy.Tests.Tls;

public sealed class CertificateSetTests : IDisposable
{
    private const string LegacyEncryptedKey =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";

    private readonly TestAuthority _authority = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void Find_ByName_TakesExactThenLongestWildcardThenDefault()
    {
        foreach (string name in (string[])["exact", "wild", "deep", "idn", "ip", "other"])
            _authority.WriteBoth(name, name);
        using CertificateSet set = Load(
            new("shop.example", "exact.pem", "exact.key"),
            new("*.example", "wild.pem", "wild.key"),
            new("*.Deep.example.", "deep.pem", "deep.key"),
            new("Bücher.example", "idn.pem", "idn.key"),
            new("[0:0::1]", "ip.pem", "ip.key"),
            new("10.0.0.1", "ip.pem", "ip.key"),
            new(null, "other.pem", "other.key"));

        foreach ((string? name, string expected) in ((string?, string)[])
        [
            ("shop.example", "exact"), ("SHOP.Example", "exact"), ("shop.example.", "exact"),
            ("www.example", "wild"), ("a.b.example", "wild"), ("a.DEEP.example", "deep"), ("deep.example", "wild"),
            ("bücher.example", "idn"), ("BÜCHER.example", "idn"), ("xn--bcher-kva.example", "idn"),
            ("::1", "ip"), ("[::1]", "ip"), ("10.0.0.1", "ip"),
            ("example", "other"), ("elsewhere.org", "other"), ("10.0.0.2", "other"), ("::2", "other"),
            (null, "other"), ("", "other"), ("..", "other"), (".example", "other"), ("a b.example", "other"),
            (new string('ü', 300) + ".example", "other"), ("\0.example", "other"),
        ])
        {
            Assert.Equal("CN=" + expected, set.Find(name)?.TargetCertificate.Subject);
        }
    }

    [Fact]
    public void Find_WithoutDefault_IsNullForOthers()
    {
        _authority.WriteBoth("shop", "shop.example");
        using CertificateSet set = Load(new CertificateSource("shop.example", "shop.pem", "shop.key"));

        Assert.NotNull(set.Find("shop.example"));
        Assert.Null(set.Find("other.example"));
        Assert.Null(set.Find(null));
        Assert.Empty(set.Warnings);
    }

    [Fact]
    public void Load_EveryFormat_HasItsKey()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        X509Certificate2 rsaCertificate = _authority.Issue("a.example", rsa);
        X509Certificate2 ecCertificate = _authority.Issue("a.example", ec);
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000);
        _authority.Write("rsa.pem", rsaCertificate.ExportCertificatePem());
        _authority.Write("rsa.der", rsaCertificate.RawData);
        _authority.Write("ec.pem", ecCertificate.ExportCertificatePem());
        _authority.Write("rsa-pkcs8.key", rsa.ExportPkcs8PrivateKeyPem());
        _authority.Write("rsa-pkcs1.key", rsa.ExportRSAPrivateKeyPem());
        _authority.Write("rsa-encrypted.key", rsa.ExportEncryptedPkcs8PrivateKeyPem("geheim", encryption));
        _authority.Write("ec-pkcs8.key", "some text\n" + ec.ExportPkcs8PrivateKeyPem());
        _authority.Write("ec-sec1.key", "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n" + ec.ExportECPrivateKeyPem());
        _authority.Write("ec-encrypted.key", ec.ExportEncryptedPkcs8PrivateKeyPem("geheim", encryption));
        _authority.Write("both.pem", rsa.ExportPkcs8PrivateKeyPem() + "\n" + rsaCertificate.ExportCertificatePem());
        X509Certificate2Collection bundle = [X509CertificateLoader.LoadCertificate(_authority.Intermediate.RawData), ecCertificate];
        _authority.Write("bundle.pfx", bundle.Export(X509ContentType.Pkcs12, "geheim")!);
        _authority.Write("open.pfx", ecCertificate.Export(X509ContentType.Pkcs12));

        foreach (CertificateSource source in (CertificateSource[])
        [
            new(null, "rsa.pem", "rsa-pkcs8.key"),
            new(null, "rsa.pem", "rsa-pkcs1.key"),
            new(null, "rsa.pem", "rsa-encrypted.key", "geheim"),
            new(null, "rsa.der", "rsa-pkcs8.key"),
            new(null, "ec.pem", "ec-pkcs8.key"),
            new(null, "ec.pem", "ec-sec1.key"),
            new(null, "ec.pem", "ec-encrypted.key", "geheim"),
            new(null, "both.pem"),
            new(null, Path.Combine(_authority.Folder, "both.pem")),
            new(null, "bundle.pfx", Password: "geheim"),
            new(null, "open.pfx"),
        ])
        {
            using CertificateSet set = Load(source);
            X509Certificate2 own = set.Find(null)!.TargetCertificate;
            Assert.True(own.HasPrivateKey, source.ToString());
            Assert.Equal("CN=a.example", own.Subject);
        }
    }

    [Fact]
    public void Load_WhatCannotBeUsed_NamesFileAndReason()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 shop = _authority.WriteBoth("shop", "shop.example");
        _authority.WriteBoth("other", "other.example");
        _authority.Write("rsa.key", rsa.ExportPkcs8PrivateKeyPem());
        _authority.Write("secret.key", rsa.ExportEncryptedPkcs8PrivateKeyPem("geheim", new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        _authority.Write("old.key", LegacyEncryptedKey);
        _authority.Write("garbage.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        _authority.Write("empty.pem", "");
        _authority.Write("random.bin", [1, 2, 3, 4, 5]);
        _authority.Write("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        _authority.Write("reversed.pem", _authority.Intermediate.ExportCertificatePem() + "\n" + shop.ExportCertificatePem());
        _authority.Write("mixed.pem", shop.ExportCertificatePem() + "\n" + ec.ExportPkcs8PrivateKeyPem());
        _authority.Write("shop.der", shop.RawData);
        _authority.Write("locked.pfx", shop.Export(X509ContentType.Pkcs12, "geheim"));
        X509Certificate2Collection keyless = [X509CertificateLoader.LoadCertificate(shop.RawData)];
        _authority.Write("keyless.pfx", keyless.Export(X509ContentType.Pkcs12)!);
        Directory.CreateDirectory(Path.Combine(_authority.Folder, "folder.pem"));

        foreach ((CertificateSource source, string problem) in ((CertificateSource, string)[])
        [
            (new("a", "missing.pem", "shop.key"), "missing.pem does not exist"),
            (new("a", "no/such/folder.pem", "shop.key"), "no/such/folder.pem does not exist"),
            (new("a", "folder.pem", "shop.key"), "folder.pem cannot be read: it is a folder"),
            (new("a", "shop.pem", "missing.key"), "missing.key does not exist"),
            (new("a", "shop.pem", "other.key"), "other.key does not belong to shop.pem"),
            (new("a", "shop.pem", "rsa.key"), "rsa.key does not belong to shop.pem"),
            (new("a", "mixed.pem"), "the private key in mixed.pem does not belong to the first certificate in it"),
            (new("a", "reversed.pem", "shop.key"), "shop.key does not belong to reversed.pem, but to a later certificate of the file: the server's own certificate comes first"),
            (new("a", "shop.key", "shop.key"), "no certificate in shop.key"),
            (new("a", "damaged.pem", "shop.key"), "damaged.pem has a damaged certificate in it"),
            (new("a", "empty.pem", "shop.key"), "empty.pem holds neither a PEM nor a DER certificate, nor is it a PFX file"),
            (new("a", "random.bin", "shop.key"), "random.bin holds neither a PEM nor a DER certificate, nor is it a PFX file"),
            (new("a", "shop.pem", "shop.pem"), "no private key in shop.pem"),
            (new("a", "shop.pem"), "no private key in shop.pem"),
            (new("a", "shop.der"), "shop.der has no private key in it, and no key file is named"),
            (new("a", "shop.pem", "garbage.key"), "the private key in garbage.key cannot be read: it is damaged or neither RSA nor ECDSA"),
            (new("a", "shop.pem", "secret.key"), "secret.key is encrypted: it needs its password"),
            (new("a", "shop.pem", "secret.key", "wrong"), "secret.key cannot be decrypted: the password is wrong or the file is damaged"),
            (new("a", "shop.pem", "old.key"), "old.key is encrypted in OpenSSL's old format: convert it with \"openssl pkcs8 -topk8\""),
            (new("a", "locked.pfx"), "locked.pfx cannot be opened: it needs a password or is damaged"),
            (new("a", "locked.pfx", Password: "wrong"), "locked.pfx cannot be opened: the password is wrong or the file is damaged"),
            (new("a", "locked.pfx", "shop.key", "geheim"), "locked.pfx is a PFX file and has its key in it: leave out shop.key"),
            (new("a", "keyless.pfx"), "keyless.pfx has no private key in it"),
            (new("a b", "shop.pem", "shop.key"), "\"a b\" is no host name (for shop.pem): write a name, *.name or an IP address"),
            (new("a.*.b", "shop.pem", "shop.key"), "\"a.*.b\" is no host name (for shop.pem): write a name, *.name or an IP address"),
        ])
        {
            Assert.Equal([problem], Assert.Throws<CertificateException>(() => Load(source)).Problems);
        }
    }

    [Fact]
    public void Load_SeveralProblems_ReportsThemAll()
    {
        _authority.WriteBoth("shop", "shop.example");
        CertificateException error = Assert.Throws<CertificateException>(() => Load(
            new("a", "missing.pem", "shop.key"),
            new("shop.example", "shop.pem", "shop.key"),
            new("SHOP.example", "shop.pem", "shop.key"),
            new(null, "shop.pem", "shop.key"),
            new("*", "shop.pem", "shop.key")));

        Assert.Equal(
            ["missing.pem does not exist", "shop.pem is a second certificate for SHOP.example", "shop.pem is a second default certificate: name its host"],
            error.Problems);
    }

    [Fact]
    public void Load_OutOfItsTimeOrForAnotherHost_Warns()
    {
        _authority.WriteBoth("old", "old.example", to: new(2026, 5, 31, 12, 30, 0, TimeSpan.Zero));
        _authority.WriteBoth("new", "new.example", from: new(2026, 6, 2, 0, 0, 0, TimeSpan.Zero));
        _authority.WriteBoth("wild", "*.example.org");
        using CertificateSet set = Load(
            new("old.example", "old.pem", "old.key"),
            new("new.example", "new.pem", "new.key"),
            new("*.example.org", "wild.pem", "wild.key"),
            new("www.example.net", "wild.pem", "wild.key"));

        Assert.Equal(
            [
                "old.pem expired on 2026-05-31 12:30 UTC",
                "new.pem is not valid before 2026-06-02 00:00 UTC",
                "wild.pem is not made for www.example.net: clients will refuse it",
            ],
            set.Warnings);
        Assert.NotNull(set.Find("old.example"));
    }

    [Fact]
    public void SelfSigned_IsForLoopbackAndTheGivenHostsForThirtyDays()
    {
        X509Certificate2 certificate = SelfSigned.Create(["dev.example", "*.dev.example", "bücher.example", "10.1.2.3", "0.0.0.0", "[::]", "*", "localhost"], _time).TargetCertificate;

        foreach (string host in (string[])["localhost", "127.0.0.1", "::1", "dev.example", "a.dev.example", "xn--bcher-kva.example", "10.1.2.3"])
            Assert.True(certificate.MatchesHostname(host), host);
        foreach (string host in (string[])["other.example", "0.0.0.0", "::", "127.0.0.2"])
            Assert.False(certificate.MatchesHostname(host), host);
        Assert.True(certificate.HasPrivateKey);
        Assert.Equal(256, certificate.GetECDsaPublicKey()!.KeySize);
        Assert.Equal(_time.GetUtcNow().AddDays(30), new DateTimeOffset(certificate.NotAfter.ToUniversalTime()));
        Assert.True(certificate.NotBefore.ToUniversalTime() < _time.GetUtcNow().UtcDateTime);
    }

    private CertificateSet Load(params CertificateSource[] sources) => CertificateSet.Load(sources, _authority.Folder, _time);
}
