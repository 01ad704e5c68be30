using System.CommandLine;

namespace ScriptProxy.Program.Commands;

/// <summary>Which running gateway is meant.</summary>
internal sealed class AdminOptions
{
    private readonly Option<string?> _admin = NotEmpty(new Option<string?>("--admin")
    {
        Description = $"The gateway's admin API, http://host:port or unix:/path; {AdminTarget.AddressVariable}, else Admin(...) of the script unless given.",
        HelpName = "address",
    });

    private readonly Option<string?> _token = NotEmpty(new Option<string?>("--token")
    {
        Description = $"Its token; {AdminTarget.TokenVariable}, else that of Admin(...) unless given. Other users of this machine see what a command line says.",
        HelpName = "token",
    });

    internal static TOption NotEmpty<TOption>(TOption option)
        where TOption : Option
    {
        option.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: "" }])
            {
                given.AddError($"{given.Option.Name} is empty.");
            }
        });
        return option;
    }

    internal void AddTo(Command command)
    {
        command.Options.Add(_admin);
        command.Options.Add(_token);
    }

    internal bool IsNamed(ParseResult parsed) => parsed.GetValue(_admin) is not null;

    /// <summary>Asks that gateway; why it could not be asked is told on standard error.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="script">The path of proxy.csx.</param>
    /// <param name="ask">Asks, and shows the answer.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The exit code.</returns>
    internal async Task<int> AskAsync(ParseResult parsed, string script, Func<AdminClient, Task> ask, CancellationToken stop)
    {
        try
        {
            if (await AdminTarget.FindAsync(parsed.GetValue(_admin), parsed.GetValue(_token), script, stop) is not { } target)
            {
                return 1;
            }

            using var client = new AdminClient(target);
            await ask(client);
            return 0;
        }
        catch (CommandFailedException error)
        {
            await Console.Error.WriteLineAsync("error: " + error.Message);
            return 1;
        }
    }
}
