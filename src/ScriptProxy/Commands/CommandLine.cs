using System.CommandLine;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>The commands and their options; each is carried out by a class of its own.</summary>
internal static class CommandLine
{
    internal static RootCommand Create()
    {
        var root = new RootCommand("A gateway that is programmed in C#. Without a command: run.");
        var run = Run("run", "Serves what proxy.csx says, and takes up every change of it.");
        root.Subcommands.Add(run);
        root.Subcommands.Add(Check("check", "Builds everything and serves nothing. Exits with 0, or with 1 and all errors."));
        root.Subcommands.Add(OnFile("routes", "Prints the table of routes: handlers by phase with file and line, upstream.", RoutesCommand.ExecuteAsync));
        root.Subcommands.Add(Plugins("plugins", "Prints the plugins beside proxy.csx, or of a running gateway: version, generation, what each supplies, state."));
        root.Subcommands.Add(CacheCommand.Create());
        root.Subcommands.Add(Test());
        root.Subcommands.Add(OnFile("restore", "Fetches the packages that #r \"nuget: ...\" names, and writes the lock file.", RestoreCommand.ExecuteAsync));
        var version = new Command("version", "Prints the version.");
        version.SetAction(_ => Console.WriteLine(ProgramVersion.Text));
        root.Subcommands.Add(version);
        root.Options.OfType<VersionOption>().Single().Action = version.Action;

        // Without a command: run, with run's own arguments.
        foreach (var argument in run.Arguments)
        {
            root.Arguments.Add(argument);
        }

        foreach (var option in run.Options)
        {
            root.Options.Add(option);
        }

        root.Action = run.Action;
        return root;
    }

    private static Argument<string> FileArgument()
    {
        var file = new Argument<string>("proxy.csx")
        {
            Description = "The script that says what the gateway does.",
            DefaultValueFactory = _ => "proxy.csx",
        };
        file.Validators.Add(given =>
        {
            // Otherwise a mistyped option would be taken for a script that is not there.
            if (given.Tokens.FirstOrDefault()?.Value is { } text && text.StartsWith('-'))
            {
                given.AddError($"There is no option {text}.");
            }
            else if (given.Tokens is [{ Value: "" }])
            {
                given.AddError("The path of the script is empty.");
            }
        });
        return file;
    }

    private static Command Run(string name, string description)
    {
        var file = FileArgument();
        var noReload = new Option<bool>("--no-reload") { Description = "Load once: scripts are optimised fully, changes are not taken up." };
        var cache = CacheOption();
        var command = new Command(name, description) { file, noReload, cache };
        command.SetAction((parsed, stop) => RunCommand.ExecuteAsync(
            new GatewayOptions(parsed.GetValue(file)!, !parsed.GetValue(noReload), parsed.GetValue(cache)), stop));
        return command;
    }

    private static Command Check(string name, string description)
    {
        var privacy = new Option<bool>("--privacy") { Description = "Also prints, by route, what becomes of everything that identifies a client or a server." };
        var file = FileArgument();
        var cache = CacheOption();
        var command = new Command(name, description) { file, privacy, cache };
        command.SetAction((parsed, stop) => CheckCommand.ExecuteAsync(
            new GatewayOptions(parsed.GetValue(file)!, Reload: true, parsed.GetValue(cache)), parsed.GetValue(privacy), stop));
        return command;
    }

    private static Command OnFile(string name, string description, Func<GatewayOptions, CancellationToken, Task<int>> execute)
    {
        var file = FileArgument();
        var cache = CacheOption();
        var command = new Command(name, description) { file, cache };
        command.SetAction((parsed, stop) => execute(new GatewayOptions(parsed.GetValue(file)!, Reload: true, parsed.GetValue(cache)), stop));
        return command;
    }

    private static Command Plugins(string name, string description)
    {
        var file = FileArgument();
        var cache = CacheOption();
        var where = new AdminOptions();
        var command = new Command(name, description) { file, cache };
        where.AddTo(command);
        command.SetAction((parsed, stop) => where.IsNamed(parsed)
            ? where.AskAsync(parsed, parsed.GetValue(file)!, client => PluginsCommand.AskAsync(client, stop), stop)
            : PluginsCommand.ExecuteAsync(new GatewayOptions(parsed.GetValue(file)!, Reload: true, parsed.GetValue(cache)), stop));
        return command;
    }

    private static Command Test()
    {
        var folder = new Argument<string>("dir")
        {
            Description = "The folder with *.tests.csx files, at any depth; or one such file.",
            DefaultValueFactory = _ => ".",
        };
        var filter = new Option<string?>("--filter") { Description = "Only tests whose file or name has this text in it.", HelpName = "text" };
        var patience = new Option<double>("--timeout") { Description = "How long a test may take, in seconds of real time.", DefaultValueFactory = _ => 60, HelpName = "seconds" };
        patience.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<double>() is not (> 0 and < 86400))
            {
                given.AddError("--timeout is a number of seconds, more than 0.");
            }
        });
        var command = new Command("test", "Runs *.tests.csx files, in memory and in virtual time. Exits with 0, with 1 where a test failed, with 2 where tests cannot be run.") { folder, filter, patience };
        command.SetAction((parsed, _) => TestCommand.ExecuteAsync(parsed.GetValue(folder)!, parsed.GetValue(filter), TimeSpan.FromSeconds(parsed.GetValue(patience))));
        return command;
    }

    private static Option<string?> CacheOption()
    {
        var cache = new Option<string?>("--cache")
        {
            Description = "The folder for compiled scripts, .scriptproxy/cache beside proxy.csx unless given; \"none\" keeps none.",
            HelpName = "folder",
        };
        cache.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: "" }])
            {
                given.AddError("The folder of --cache is empty; \"none\" keeps no compiled scripts.");
            }
        });
        return cache;
    }
}
