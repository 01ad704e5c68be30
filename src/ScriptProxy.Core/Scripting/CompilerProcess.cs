using System.ComponentModel;
using System.Diagnostics;

namespace ScriptProxy.Core.Scripting;

/// <summary>
/// The compiler in a process of its own, which begins with the first script that has to be compiled and ends when there was none for a while: the gateway never
/// holds the compiler's memory, its collector never sees the compiler's garbage, and what trips the compiler ends no request. Safe to use from several threads.
/// </summary>
internal sealed class CompilerProcess : IDisposable
{
    /// <summary>Whoever edits a script saves again soon, and a compiler that has just begun takes a second.</summary>
    private static readonly TimeSpan IdleFor = TimeSpan.FromMinutes(10);

    /// <summary>Some wrong code takes the compiler longer by a multiple for every lambda that it lies in.</summary>
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    /// <summary>Files that change under the compiler are read again; beyond this somebody else has to make sense of them.</summary>
    private const int MostReadings = 3;

    private readonly IReadOnlyList<string> _command;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly Action<string> _warn;
    private readonly ITimer _idle;
    private readonly Lock _gate = new();
    private Session? _session;
    private bool _unusable;

    /// <param name="command">Starts it: the program and its arguments.</param>
    /// <param name="folder">Where it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="warn">Told once why it cannot be used.</param>
    public CompilerProcess(IReadOnlyList<string> command, string folder, TimeProvider time, Action<string> warn)
    {
        (_command, _folder, _time, _warn) = (command, folder, time, warn);
        _idle = time.CreateTimer(_ => End(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <returns>Null where there is no such process to be had: then the script is to be compiled in this one.</returns>
    /// <exception cref="ScriptException">The script does not compile, ends the compiler, or takes it too long.</exception>
    public ScriptImage? Compile(ScriptRequest request, SourceFile main, string key, ScriptCompilerOptions options, CancellationToken stop)
    {
        lock (_gate)
        {
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            using var limit = new CancellationTokenSource(AtMost, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            try
            {
                for (var reading = 0; reading < MostReadings; reading++)
                {
                    if (Ask(request, main, key, options, either.Token, out var image) is false || image is not null)
                    {
                        return image;
                    }
                }

                return null;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                throw Failed(main, options, $"The compiler took more than {AtMost.TotalSeconds} s for this script, and was stopped.", "a mistake within many lambdas, one in the other, makes it slow: put the inner ones into functions");
            }
            finally
            {
                _idle.Change(IdleFor, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose()
    {
        _idle.Dispose();
        End();
    }

    /// <returns>False where there is no process to be had.</returns>
    private bool Ask(ScriptRequest request, SourceFile main, string key, ScriptCompilerOptions options, CancellationToken stop, out ScriptImage? image)
    {
        image = null;
        var isNew = _session is null;
        if ((_session ??= Begin(stop)) is not { } session)
        {
            return false;
        }

        try
        {
            image = session.Ask(request, main, key, stop);
            return true;
        }
        catch (IOException)
        {
            var code = session.ExitCode();
            session.Dispose();
            _session = null;
            stop.ThrowIfCancellationRequested();
            if (!isNew)
            {
                // Killed since it was last asked, for lack of memory perhaps.
                return Ask(request, main, key, options, stop, out image);
            }

            throw Failed(
                main, options, $"The compiler's process ended while it compiled this script, with exit code {code}.", "take out what was changed last, or put it into a function; 137 is a kill, for lack of memory perhaps");
        }
    }

    private static ScriptException Failed(SourceFile main, ScriptCompilerOptions options, string message, string hint) =>
        new([new ScriptDiagnostic(options.Display(main.Path), 1, 1, IsError: true, "SP0008", message, Hint: hint)]) { WatchedFiles = LoadDirectives.Follow(main) };

    private Session? Begin(CancellationToken stop)
    {
        if (_unusable)
        {
            return null;
        }

        try
        {
            return Session.Begin(_command, _folder, stop);
        }
        catch (Exception error) when (error is Win32Exception or IOException or InvalidOperationException)
        {
            _unusable = true;
            _warn($"Scripts are compiled in the gateway's own process, which takes memory: a process for the compiler cannot be had, because {error.Message}");
            return null;
        }
    }

    private void End()
    {
        lock (_gate)
        {
            _session?.Dispose();
            _session = null;
        }
    }

    private sealed class Session : IDisposable
    {
        private readonly Process _process;
        private readonly BinaryWriter _writer;
        private readonly BinaryReader _reader;

        private Session(Process process)
        {
            _process = process;
            _writer = CompilerCall.Writer(new BufferedStream(process.StandardInput.BaseStream));
            _reader = CompilerCall.Reader(process.StandardOutput.BaseStream);
        }

        internal static Session Begin(IReadOnlyList<string> command, string folder, CancellationToken stop)
        {
            var start = new ProcessStartInfo(command[0], command.Skip(1))
            {
                WorkingDirectory = folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                UseShellExecute = false,
                CreateNoWindow = true,
            };

            // It works for moments and waits for minutes: the smallest memory counts.
            start.Environment["DOTNET_gcServer"] = "0";
            start.Environment["DOTNET_gcConcurrent"] = "0";
            start.Environment["DOTNET_TieredPGO"] = "0";
            var session = new Session(Process.Start(start)!);
            try
            {
                using var kill = session.KillAt(stop);
                return session._reader.ReadString() == CompilerCall.Greeting ? session : throw new InvalidOperationException("the program on disk is another one by now.");
            }
            catch (Exception error)
            {
                var code = session.ExitCode();
                session.Dispose();
                stop.ThrowIfCancellationRequested();
                if (error is IOException)
                {
                    throw new IOException($"it ended with exit code {code}.", error);
                }

                throw;
            }
        }

        /// <exception cref="IOException">It has ended.</exception>
        internal ScriptImage? Ask(ScriptRequest request, SourceFile main, string key, CancellationToken stop)
        {
            using var kill = KillAt(stop);
            CompilerCall.WriteRequest(_writer, request, main, key);
            return CompilerCall.ReadReply(_reader, key, main);
        }

        internal int ExitCode()
        {
            Kill(_process);
            _process.WaitForExit();
            return _process.ExitCode;
        }

        /// <summary>It ends by itself when its input does.</summary>
        public void Dispose()
        {
            try
            {
                _process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It has ended, and what was still to be written with it.
            }

            _process.Dispose();
        }

        /// <summary>There is no other way to stop a compiler that does not come to an end.</summary>
        private CancellationTokenRegistration KillAt(CancellationToken stop) => stop.UnsafeRegister(static process => Kill((Process)process!), _process);

        private static void Kill(Process process)
        {
            try
            {
                process.Kill();
            }
            catch (Exception error) when (error is InvalidOperationException or Win32Exception)
            {
                // It has ended.
            }
        }
    }
}
