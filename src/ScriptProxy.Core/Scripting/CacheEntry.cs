using System.Security.Cryptography;
using System.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>One image as one file: magic, manifest, dll, pdb, and a hash over it all. One file, because one rename is all or nothing.</summary>
/// <remarks>A binary format: reading JSON would cost a warm start more than the image itself.</remarks>
internal static class CacheEntry
{
    private const string Magic = "ScriptProxy image 3\n";

    public static byte[] Write(string key, ScriptImage image)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(key);
            writer.Write(image.Path);
            writer.Write(image.AssemblyName);
            writer.WriteList(image.Sources, source => WriteFile(writer, source.Path, source.Sha256));
            writer.WriteList(image.Libraries, library => WriteLibrary(writer, library));
            writer.WriteList(image.Absent, writer.Write);
            writer.WriteList(image.Warnings, writer.WriteDiagnostic);
            writer.WriteList(image.Picks, pick => WritePick(writer, pick));
            writer.WriteList(image.Owned, writer.Write);
            writer.WriteBytes(image.Pe);
            writer.WriteBytes(image.Pdb);
        }

        stream.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <param name="bytes">The entry.</param>
    /// <param name="key">What it must be for.</param>
    /// <param name="main">The main script as it was read.</param>
    /// <param name="fromCache">It was not compiled just now.</param>
    /// <returns>Null where the entry is damaged, of another key, or where a file it was made from is no longer the same.</returns>
    public static ScriptImage? TryRead(byte[] bytes, string key, SourceFile main, bool fromCache = true)
    {
        var length = bytes.Length - SHA256.HashSizeInBytes;
        if (length <= 0 || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
        {
            return null;
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 0, length, writable: false), Encoding.UTF8);
            return reader.ReadString() == Magic && reader.ReadString() == key ? Read(reader, main, fromCache) : null;
        }
        catch (Exception error) when (error is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static ScriptImage? Read(BinaryReader reader, SourceFile main, bool fromCache)
    {
        var path = reader.ReadString();
        var name = reader.ReadString();
        var sources = reader.ReadList(() => (Path: reader.ReadString(), Sha256: reader.ReadString()));
        var libraries = reader.ReadList(() => (Name: reader.ReadString(), Path: reader.ReadString(), Sha256: reader.ReadString()));
        var absent = reader.ReadList(reader.ReadString);
        if (path != main.Path
            || absent.Exists(File.Exists)
            || !sources.TrueForAll(source => (source.Path == main.Path ? main : SourceFile.TryRead(source.Path))?.Sha256 == source.Sha256))
        {
            return null;
        }

        var loaded = libraries.ConvertAll(library => (library.Name, library.Sha256, File: SourceFile.TryRead(library.Path)));
        if (!loaded.TrueForAll(library => library.File?.Sha256 == library.Sha256))
        {
            return null;
        }

        return new ScriptImage
        {
            Path = path,
            AssemblyName = name,
            Sources = sources.ConvertAll(source => new ScriptSource(source.Path, source.Sha256)),
            Libraries = loaded.ConvertAll(library => new ScriptLibrary(library.Name, library.File!.Path, library.Sha256, library.File.Bytes)),
            Absent = absent,
            Warnings = reader.ReadList(reader.ReadDiagnostic),
            Picks = reader.ReadList(() => new ScriptPick(reader.ReadString(), reader.ReadString(), reader.ReadInt32())),
            Owned = reader.ReadList(reader.ReadString),
            Pe = reader.ReadBytes(),
            Pdb = reader.ReadBytes(),
            FromCache = fromCache,
        };
    }

    private static void WriteFile(BinaryWriter writer, string path, string sha256)
    {
        writer.Write(path);
        writer.Write(sha256);
    }

    private static void WriteLibrary(BinaryWriter writer, ScriptLibrary library)
    {
        writer.Write(library.Name);
        WriteFile(writer, library.Path, library.Sha256);
    }

    private static void WritePick(BinaryWriter writer, ScriptPick pick)
    {
        writer.Write(pick.Policy);
        writer.Write(pick.File);
        writer.Write(pick.Line);
    }
}
