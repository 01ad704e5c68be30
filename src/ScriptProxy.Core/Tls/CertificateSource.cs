namespace ScriptProxy.Core.Tls;

/// <summary>One certificate as the operator named it; paths may be relative to the folder that is given when it is loaded.</summary>
/// <param name="Host">A host name, <c>*.example.org</c>, an IP address; null or <c>*</c>: the default for all other names.</param>
/// <param name="CertificatePath">PEM with the full chain, the server's own certificate first; DER; or PFX.</param>
/// <param name="KeyPath">PEM with a PKCS#8, PKCS#1 or EC key; null: the key is in the certificate file.</param>
/// <param name="Password">Of an encrypted key or a PFX file.</param>
internal sealed record CertificateSource(string? Host, string CertificatePath, string? KeyPath = null, string? Password = null);

/// <summary>Certificates that cannot be used. Each problem is a sentence for the operator that names the file and the reason.</summary>
internal sealed class CertificateException : Exception
{
    public CertificateException(string problem)
        : this([problem])
    {
    }

    public CertificateException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems))
        => Problems = problems;

    public IReadOnlyList<string> Problems { get; }
}
