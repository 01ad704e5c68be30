namespace ScriptProxy.Core.Scripting;

/// <summary>Lists, bytes and diagnostics, as the cache and the compiler's process write them.</summary>
internal static class BinaryFormat
{
    public static void WriteBytes(this BinaryWriter writer, byte[] bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    /// <exception cref="EndOfStreamException">There are not as many.</exception>
    public static byte[] ReadBytes(this BinaryReader reader)
    {
        var length = reader.ReadInt32();
        var bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }

    public static void WriteList<T>(this BinaryWriter writer, IReadOnlyCollection<T> list, Action<T> write)
    {
        writer.Write(list.Count);
        foreach (var item in list)
        {
            write(item);
        }
    }

    public static List<T> ReadList<T>(this BinaryReader reader, Func<T> read)
    {
        var list = new List<T>();
        for (var count = reader.ReadInt32(); count > 0; count--)
        {
            list.Add(read());
        }

        return list;
    }

    public static void WriteDiagnostic(this BinaryWriter writer, ScriptDiagnostic diagnostic)
    {
        writer.Write(diagnostic.File);
        writer.Write(diagnostic.Line);
        writer.Write(diagnostic.Column);
        writer.Write(diagnostic.IsError);
        writer.Write(diagnostic.Code);
        writer.Write(diagnostic.Message);
        WriteOptional(writer, diagnostic.SourceLine);
        WriteOptional(writer, diagnostic.Hint);
    }

    public static ScriptDiagnostic ReadDiagnostic(this BinaryReader reader) => new(
        reader.ReadString(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadBoolean(), reader.ReadString(), reader.ReadString(), ReadOptional(reader), ReadOptional(reader));

    private static void WriteOptional(BinaryWriter writer, string? text)
    {
        writer.Write(text is not null);
        writer.Write(text ?? "");
    }

    private static string? ReadOptional(BinaryReader reader) => (reader.ReadBoolean(), reader.ReadString()) is (true, var text) ? text : null;
}
