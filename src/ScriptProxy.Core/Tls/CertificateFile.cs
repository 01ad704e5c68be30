using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ScriptProxy.Core.Tls;

/// <summary>Reads one certificate with its key and the certificates it came with, and says in plain words what is wrong with the files.</summary>
internal static class CertificateFile
{
    /// <returns>The server's certificate with its private key first, then the others in the order of the file.</returns>
    /// <exception cref="CertificateException">A file is missing, unreadable, of no known format, or the key is not the certificate's.</exception>
    public static X509Certificate2Collection Load(CertificateSource source, string baseFolder)
    {
        byte[] content = Read(source.CertificatePath, baseFolder);
        X509Certificate2Collection certificates = [];
        try
        {
            if (IsPem(content))
            {
                ImportPem(certificates, content, source);
            }
            else if (ContentType(content) == X509ContentType.Cert)
            {
                certificates.Add(X509CertificateLoader.LoadCertificate(content));
            }
            else if (ContentType(content) == X509ContentType.Pkcs12)
            {
                return LoadPfx(content, source);
            }
            else
            {
                throw new CertificateException($"{source.CertificatePath} holds neither a PEM nor a DER certificate, nor is it a PFX file");
            }

            if (source.KeyPath is null && !IsPem(content))
                throw new CertificateException($"{source.CertificatePath} has no private key in it, and no key file is named");
            string keyPath = source.KeyPath ?? source.CertificatePath;
            byte[] key = source.KeyPath is null ? content : Read(keyPath, baseFolder);
            certificates[0] = PrivateKeyFile.Attach(certificates, source.CertificatePath, Encoding.UTF8.GetString(key), keyPath, source.Password);
            return certificates;
        }
        catch
        {
            foreach (X509Certificate2 certificate in certificates)
                certificate.Dispose();
            throw;
        }
    }

    private static byte[] Read(string path, string baseFolder)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(baseFolder, path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException($"{path} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = Directory.Exists(Path.Combine(baseFolder, path)) ? "it is a folder" : e.Message;
            throw new CertificateException($"{path} cannot be read: {reason}");
        }
    }

    private static bool IsPem(ReadOnlySpan<byte> content) => content.IndexOf("-----BEGIN "u8) >= 0;

    private static X509ContentType ContentType(byte[] content)
    {
        try
        {
            return content.Length == 0 ? X509ContentType.Unknown : X509Certificate2.GetCertContentType(content);
        }
        catch (CryptographicException)
        {
            return X509ContentType.Unknown;
        }
    }

    private static void ImportPem(X509Certificate2Collection certificates, byte[] content, CertificateSource source)
    {
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(content));
        }
        catch (CryptographicException)
        {
            throw new CertificateException($"{source.CertificatePath} has a damaged certificate in it");
        }

        if (certificates.Count == 0)
            throw new CertificateException($"no certificate in {source.CertificatePath}");
    }

    private static X509Certificate2Collection LoadPfx(byte[] content, CertificateSource source)
    {
        if (source.KeyPath is not null)
            throw new CertificateException($"{source.CertificatePath} is a PFX file and has its key in it: leave out {source.KeyPath}");

        X509Certificate2Collection certificates;
        try
        {
            // The key stays in memory where the platform can do that: nothing is left behind in a key store.
            X509KeyStorageFlags storage = OperatingSystem.IsLinux() ? X509KeyStorageFlags.EphemeralKeySet : X509KeyStorageFlags.DefaultKeySet;
            certificates = X509CertificateLoader.LoadPkcs12Collection(content, source.Password, storage);
        }
        catch (CryptographicException)
        {
            string reason = source.Password is null ? "it needs a password or is damaged" : "the password is wrong or the file is damaged";
            throw new CertificateException($"{source.CertificatePath} cannot be opened: {reason}");
        }

        if (certificates.FirstOrDefault(c => c.HasPrivateKey) is not { } own)
        {
            foreach (X509Certificate2 certificate in certificates)
                certificate.Dispose();
            throw new CertificateException($"{source.CertificatePath} has no private key in it");
        }

        certificates.Remove(own);
        certificates.Insert(0, own);
        return certificates;
    }
}
