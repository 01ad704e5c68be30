using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using ScriptProxy.Core.Generations;
using ScriptProxy.Program.Output;

namespace ScriptProxy.Program.Commands;

/// <summary>What was said on the command line.</summary>
internal sealed record GatewayOptions(string File, bool Reload, string? Cache)
{
    internal GatewaySetup Setup()
    {
        var main = Path.GetFullPath(File);
        var cache = Cache switch
        {
            "none" => null,
            { } folder => Path.GetFullPath(folder),
            null => Path.Combine(Path.GetDirectoryName(main)!, ".scriptproxy", "cache"),
        };
        return new GatewaySetup(main, Reload, cache);
    }

    internal ILoggerFactory Loggers()
    {
        var settings = new ConfigurationBuilder();
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(File))!, "appsettings.json");
        try
        {
            settings.AddJsonFile(path, optional: true, reloadOnChange: false).Build();
        }
        catch (Exception error) when (error is InvalidDataException or FormatException)
        {
            // The load tells what is wrong with it; until then the log goes by its defaults.
            settings = new ConfigurationBuilder();
        }

        var logging = settings.AddEnvironmentVariables().Build().GetSection("Logging");
        return LoggerFactory.Create(builder => builder
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("System", LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.None)
            .AddConfiguration(logging)
            .AddConsole(console => console.FormatterName = LineFormatter.FormatterName)
            .AddConsoleFormatter<LineFormatter, ConsoleFormatterOptions>());
    }
}
