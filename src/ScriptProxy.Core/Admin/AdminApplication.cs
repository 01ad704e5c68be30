using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Core.Generations;
using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Core.Admin;

/// <summary>What Kestrel calls for every request on an admin listener: its own application, so that no request on any other listener is asked where it came in.</summary>
internal sealed class AdminApplication(ListenerKey listener, GatewayApplication application, CurrentSnapshot current, IAdministered gateway) : IHttpApplication<Exchange>
{
    public Exchange CreateContext(IFeatureCollection contextFeatures) => application.CreateContext(contextFeatures, current.Enter().Admin!);

    public async Task ProcessRequestAsync(Exchange context)
    {
        context.Scope.Activate();
        context.Enter(context.Snapshot.NoRoute);
        try
        {
            Framing.ThrowIfRefused(context.Http);
            context.Http.Response.Headers.CacheControl = "no-store";
            context.Http.Response.Headers.XContentTypeOptions = "nosniff";
            if (await AnswerAsync(context) is { } verdict)
            {
                await Answers.WriteAsync(context, verdict);
                if (verdict.What == Verdict.Kind.Drop)
                {
                    return;
                }
            }

            await context.FinishAnswerAsync();
        }
        catch (Exception error)
        {
            await Failures.AnswerAsync(context, error);
        }
    }

    public void DisposeContext(Exchange context, Exception? exception) => application.DisposeContext(context, exception);

    /// <returns>Null where a plugin has written the answer itself.</returns>
    private async ValueTask<Verdict?> AnswerAsync(Exchange exchange)
    {
        // The token is that of the load which serves; a listener that it does not name is opening, or closing.
        if (gateway.Current is not { } generation || generation.Tls.FirstOrDefault(l => l.Key == listener)?.Model.Admin is not { } admin)
        {
            return AdminJson.Error(StatusCodes.Status503ServiceUnavailable);
        }

        if (AdminAccess.Refuse(exchange.Http, listener.UnixPath is not null, admin.Token) is { } refused)
        {
            return refused;
        }

        var request = exchange.Http.Request;
        var method = HttpMethods.IsHead(request.Method) ? HttpMethods.Get : request.Method;
        var own = AdminEndpoint.All.Where(e => request.Path == e.Path).ToList();
        if (own.Find(e => e.Method == method) is { } endpoint)
        {
            return await endpoint.AnswerAsync(gateway, generation);
        }

        var supplied = exchange.Snapshot.AdminHandlers.Where(h => h.Path == request.Path.Value).ToList();
        if (supplied.Find(h => h.Method == method) is { } handler)
        {
            var verdict = await ContentPhase.RunAsync(exchange, handler.Handlers, goesOn: false);
            return verdict is { What: Verdict.Kind.Exec }
                ? throw new GatewayFailedException($"Exec({verdict.Payload}): an admin listener has no routes")
                : verdict;
        }

        var methods = own.Select(e => e.Method).Concat(supplied.Select(h => h.Method)).ToList();
        if (methods.Count == 0)
        {
            return AdminJson.Error(StatusCodes.Status404NotFound);
        }

        exchange.Http.Response.Headers.Allow = string.Join(", ", methods.Contains(HttpMethods.Get) ? methods.Append(HttpMethods.Head) : methods);
        return AdminJson.Error(StatusCodes.Status405MethodNotAllowed);
    }
}
