using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace ScriptProxy.Core.Tls;

/// <summary>Puts the private key of a PEM text to its certificate.</summary>
internal static class PrivateKeyFile
{
    private const string RsaKey = "1.2.840.113549.1.1.1";
    private const string EcKey = "1.2.840.10045.2.1";
    private const string Encrypted = "ENCRYPTED PRIVATE KEY";

    /// <returns>A copy of the first certificate that has its private key; the first itself is disposed.</returns>
    public static X509Certificate2 Attach(X509Certificate2Collection certificates, string certificatePath, string pem, string keyPath, string? password)
    {
        X509Certificate2 own = certificates[0];
        string? algorithm = own.PublicKey.Oid.Value;
        if (algorithm is not (RsaKey or EcKey))
        {
            string type = own.PublicKey.Oid.FriendlyName ?? algorithm ?? "unknown type";
            throw new CertificateException($"{certificatePath} has a key of a type that cannot be used here ({type}): use RSA or ECDSA");
        }

        using AsymmetricAlgorithm key = Import(pem, keyPath, password);
        if (Combine(own, key) is { } combined)
        {
            own.Dispose();
            return OperatingSystem.IsWindows() ? Persist(combined) : combined;
        }

        string problem = keyPath == certificatePath
            ? $"the private key in {keyPath} does not belong to the first certificate in it"
            : $"{keyPath} does not belong to {certificatePath}";
        if (certificates.Skip(1).Any(other => Belongs(other, key)))
            problem += ", but to a later certificate of the file: the server's own certificate comes first";
        throw new CertificateException(problem);
    }

    private static AsymmetricAlgorithm Import(string pem, string keyPath, string? password)
    {
        (string label, string block) = Find(pem)
            ?? throw new CertificateException(pem.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal)
                ? $"{keyPath} is encrypted in OpenSSL's old format: convert it with \"openssl pkcs8 -topk8\""
                : $"no private key in {keyPath}");
        if (label == Encrypted && password is null)
            throw new CertificateException($"{keyPath} is encrypted: it needs its password");

        // Only the encoding inside says which kind it is, and for an encrypted one only after decrypting.
        foreach (Func<AsymmetricAlgorithm> create in (Func<AsymmetricAlgorithm>[])[RSA.Create, ECDsa.Create])
        {
            AsymmetricAlgorithm key = create();
            try
            {
                if (label == Encrypted)
                    key.ImportFromEncryptedPem(block, password);
                else
                    key.ImportFromPem(block);
                return key;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                key.Dispose();
            }
        }

        throw new CertificateException(label == Encrypted
            ? $"{keyPath} cannot be decrypted: the password is wrong or the file is damaged"
            : $"the private key in {keyPath} cannot be read: it is damaged or neither RSA nor ECDSA");
    }

    private static (string Label, string Block)? Find(string pem)
    {
        // Certificates and EC PARAMETERS may stand before the key.
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            string label = rest[fields.Label].ToString();
            if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                return (label, rest[fields.Location].ToString());
            rest = rest[fields.Location.End..];
        }

        return null;
    }

    private static bool Belongs(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        using X509Certificate2? combined = Combine(certificate, key);
        return combined is not null;
    }

    private static X509Certificate2? Combine(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        try
        {
            return (key, certificate.PublicKey.Oid.Value) switch
            {
                (RSA rsa, RsaKey) => certificate.CopyWithPrivateKey(rsa),
                (ECDsa ec, EcKey) => certificate.CopyWithPrivateKey(ec),
                _ => null,
            };
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Windows' TLS cannot use a key that lives in this process alone.</summary>
    private static X509Certificate2 Persist(X509Certificate2 certificate)
    {
        using (certificate)
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }
}
