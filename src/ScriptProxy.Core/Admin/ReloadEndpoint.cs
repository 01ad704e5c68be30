using Microsoft.AspNetCore.Http;
using ScriptProxy.Core.Generations;

namespace ScriptProxy.Core.Admin;

/// <summary>Loads again, whether something changed or not, and tells how it went: 200, or 422 with the errors and everything as it was.</summary>
internal sealed class ReloadEndpoint() : AdminEndpoint("POST", "/reload")
{
    internal override async ValueTask<Verdict> AnswerAsync(IAdministered gateway, Generation generation)
    {
        if (gateway.Reload is not { } reload)
        {
            return AdminJson.Error(StatusCodes.Status409Conflict, "nothing is loaded again, the program was started with --no-reload");
        }

        try
        {
            await reload();
        }
        catch (OperationCanceledException)
        {
            return AdminJson.Error(StatusCodes.Status503ServiceUnavailable, "the gateway ends");
        }

        var report = gateway.LastLoad!;
        return AdminJson.Of(
            new { Generation = gateway.Current?.Number, LastLoad = report.Json() },
            report.Ok ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);
    }
}
