using System.Security.Cryptography;

namespace ScriptProxy.Core.Scripting;

/// <summary>A file as it was at the one time it was read.</summary>
internal sealed record SourceFile(string Path, byte[] Bytes)
{
    public string Sha256 { get; } = Hash(Bytes);

    public static SourceFile Read(string path) => new(path, File.ReadAllBytes(path));

    /// <summary>Null where it cannot be read, for whatever reason.</summary>
    public static SourceFile? TryRead(string path)
    {
        try
        {
            return Read(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
