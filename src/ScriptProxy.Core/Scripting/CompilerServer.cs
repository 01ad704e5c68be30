namespace ScriptProxy.Core.Scripting;

/// <summary>The compiler's process: compiles what the gateway that started it asks for, one script after another.</summary>
internal static class CompilerServer
{
    /// <summary>Serves until the gateway closes the input, or is gone.</summary>
    /// <param name="compiler">Without a cache: the gateway has looked there.</param>
    /// <param name="input">What the gateway says.</param>
    /// <param name="output">What it hears.</param>
    public static void Run(ScriptCompiler compiler, Stream input, Stream output)
    {
        using var reader = CompilerCall.Reader(input);
        using var writer = CompilerCall.Writer(output);
        writer.Write(CompilerCall.Greeting);
        writer.Flush();
        while (true)
        {
            (ScriptRequest Request, SourceFile Main, string Key) call;
            try
            {
                call = CompilerCall.ReadRequest(reader);
            }
            catch (IOException)
            {
                return;
            }

            var reply = Compile(compiler, call.Request, call.Main, call.Key);
            try
            {
                reply(writer);
            }
            catch (IOException)
            {
                return;
            }
        }
    }

    private static Action<BinaryWriter> Compile(ScriptCompiler compiler, ScriptRequest request, SourceFile main, string key)
    {
        try
        {
            var image = compiler.CompileHere(request, main, key, CancellationToken.None);
            return writer => CompilerCall.WriteImage(writer, key, image);
        }
        catch (ScriptException refusal)
        {
            return writer => CompilerCall.WriteRefusal(writer, refusal);
        }
    }
}
