using System.Text;

namespace ScriptProxy.Core.Scripting;

/// <summary>What a gateway and its compiler's process say to each other over the latter's standard input and output.</summary>
internal static class CompilerCall
{
    private const byte Image = 1;
    private const byte Refusal = 2;

    /// <summary>What a compiler says first: another build of this program would take the words differently.</summary>
    public static string Greeting { get; } = $"ScriptProxy compiler {typeof(CompilerCall).Module.ModuleVersionId:N}";

    public static BinaryWriter Writer(Stream stream) => new(stream, Encoding.UTF8, leaveOpen: true);

    public static BinaryReader Reader(Stream stream) => new(stream, Encoding.UTF8, leaveOpen: true);

    /// <remarks>With the script and the plugins' assemblies as the gateway has read them, whatever their files hold by now.</remarks>
    public static void WriteRequest(BinaryWriter writer, ScriptRequest request, SourceFile main, string key)
    {
        writer.Write(key);
        writer.Write(request.Path);
        writer.WriteBytes(main.Bytes);
        writer.Write(request.GlobalsType?.AssemblyQualifiedName ?? "");
        writer.Write(request.AnswerType?.AssemblyQualifiedName ?? "");
        writer.WriteList(request.Extension.Imports, writer.Write);
        writer.WriteList(request.Extension.Libraries, library =>
        {
            writer.Write(library.Name);
            writer.Write(library.Path);
            writer.Write(library.Sha256);
            writer.WriteBytes(library.Bytes);
        });
        writer.Flush();
    }

    /// <exception cref="EndOfStreamException">The gateway asks for nothing more.</exception>
    public static (ScriptRequest Request, SourceFile Main, string Key) ReadRequest(BinaryReader reader)
    {
        var key = reader.ReadString();
        var main = new SourceFile(reader.ReadString(), reader.ReadBytes());
        var (globals, answer) = (reader.ReadString(), reader.ReadString());
        var imports = reader.ReadList(reader.ReadString);
        var libraries = reader.ReadList(() => new ScriptLibrary(reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadBytes()));
        return (new ScriptRequest(main.Path, TypeOf(globals), TypeOf(answer)) { Extension = new ScriptExtension(imports, libraries) }, main, key);
    }

    public static void WriteImage(BinaryWriter writer, string key, ScriptImage image)
    {
        writer.Write(Image);
        writer.WriteBytes(CacheEntry.Write(key, image));
        writer.Flush();
    }

    public static void WriteRefusal(BinaryWriter writer, ScriptException refusal)
    {
        writer.Write(Refusal);
        writer.WriteList(refusal.Diagnostics, writer.WriteDiagnostic);
        writer.WriteList(refusal.WatchedFiles, writer.Write);
        writer.Flush();
    }

    /// <returns>The image; null where a file that went into it is no longer the same.</returns>
    /// <exception cref="ScriptException">The script does not compile.</exception>
    /// <exception cref="EndOfStreamException">The compiler has ended.</exception>
    public static ScriptImage? ReadReply(BinaryReader reader, string key, SourceFile main) => reader.ReadByte() == Image
        ? CacheEntry.TryRead(reader.ReadBytes(), key, main, fromCache: false)
        : throw new ScriptException(reader.ReadList(reader.ReadDiagnostic)) { WatchedFiles = reader.ReadList(reader.ReadString) };

    private static Type? TypeOf(string name) => name.Length == 0 ? null : Type.GetType(name, throwOnError: true);
}
