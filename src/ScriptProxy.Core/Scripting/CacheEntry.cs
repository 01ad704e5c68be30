using System.Security.Cryptography;
using System.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>One image as one file: magic, manifest, dll, pdb, and a hash over it all. One file, because one rename is all or nothing.</summary>
/// <remarks>A binary format: reading JSON would cost a warm start more than the image itself.</remarks>
internal static class CacheEntry
{
    private const string Magic = "ScriptProxy image 2\n";

    public static byte[] Write(string key, ScriptImage image)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(key);
            writer.Write(image.Path);
            writer.Write(image.AssemblyName);
            WriteList(writer, image.Sources, source => WriteFile(writer, source.Path, source.Sha256));
            WriteList(writer, image.Libraries, library => WriteLibrary(writer, library));
            WriteList(writer, image.Absent, writer.Write);
            WriteList(writer, image.Warnings, warning => WriteWarning(writer, warning));
            WriteList(writer, image.Picks, pick => WritePick(writer, pick));
            WriteList(writer, image.Owned, writer.Write);
            WriteBytes(writer, image.Pe);
            WriteBytes(writer, image.Pdb);
        }

        stream.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>Null where the entry is damaged, of another key, or where a file it was made from is no longer the same.</summary>
    public static ScriptImage? TryRead(byte[] bytes, string key, SourceFile main)
    {
        var length = bytes.Length - SHA256.HashSizeInBytes;
        if (length <= 0 || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length)))
        {
            return null;
        }

        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 0, length, writable: false), Encoding.UTF8);
            return reader.ReadString() == Magic && reader.ReadString() == key ? Read(reader, main) : null;
        }
        catch (Exception error) when (error is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static ScriptImage? Read(BinaryReader reader, SourceFile main)
    {
        var path = reader.ReadString();
        var name = reader.ReadString();
        var sources = ReadList(reader, () => (Path: reader.ReadString(), Sha256: reader.ReadString()));
        var libraries = ReadList(reader, () => (Name: reader.ReadString(), Path: reader.ReadString(), Sha256: reader.ReadString()));
        var absent = ReadList(reader, reader.ReadString);
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
            Warnings = ReadList(reader, () => ReadWarning(reader)),
            Picks = ReadList(reader, () => new ScriptPick(reader.ReadString(), reader.ReadString(), reader.ReadInt32())),
            Owned = ReadList(reader, reader.ReadString),
            Pe = reader.ReadBytes(reader.ReadInt32()),
            Pdb = reader.ReadBytes(reader.ReadInt32()),
            FromCache = true,
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

    private static void WriteWarning(BinaryWriter writer, ScriptDiagnostic warning)
    {
        writer.Write(warning.File);
        writer.Write(warning.Line);
        writer.Write(warning.Column);
        writer.Write(warning.Code);
        writer.Write(warning.Message);
        WriteOptional(writer, warning.SourceLine);
        WriteOptional(writer, warning.Hint);
    }

    private static ScriptDiagnostic ReadWarning(BinaryReader reader) => new(
        reader.ReadString(), reader.ReadInt32(), reader.ReadInt32(), IsError: false, reader.ReadString(), reader.ReadString(), ReadOptional(reader), ReadOptional(reader));

    private static void WriteOptional(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        writer.Write(text ?? "");
    }

    private static string? ReadOptional(BinaryReader reader) => (reader.ReadBoolean(), reader.ReadString()) is (true, var text) ? text : null;

    private static void WriteBytes(BinaryWriter writer, byte[] bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static void WriteList<T>(BinaryWriter writer, IReadOnlyCollection<T> list, Action<T> write)
    {
        writer.Write(list.Count);
        foreach (var item in list)
        {
            write(item);
        }
    }

    private static List<T> ReadList<T>(BinaryReader reader, Func<T> read)
    {
        var list = new List<T>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            list.Add(read());
        }

        return list;
    }
}
