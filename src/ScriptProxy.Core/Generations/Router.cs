using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ScriptProxy.Core.Pipeline;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>ASP.NET's route matching over the routes of one generation, in a service container of its own, so that nothing of it outlives the generation.</summary>
internal sealed class Router : IDisposable
{
    private readonly ServiceProvider _services;

    internal Router(IEnumerable<(RouteModel Model, RoutePipeline Pipeline)> routes)
    {
        var listener = new DiagnosticListener("ScriptProxy.Routing");
        _services = new ServiceCollection()
            .AddRouting()
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton(listener)
            .AddSingleton<DiagnosticSource>(listener)
            .AddSingleton<MatcherPolicy, ConditionMatcherPolicy>()
            .BuildServiceProvider();
        var builder = new ApplicationBuilder(_services);
        builder.UseRouting();

        // The router only chooses: the pipeline reads the choice and goes on.
        builder.Use(static next => static context => Task.CompletedTask);
        builder.UseEndpoints(endpoints => endpoints.DataSources.Add(new DefaultEndpointDataSource(routes.Select(r => Endpoint(r.Model, r.Pipeline)))));
        Match = builder.Build();
    }

    internal RequestDelegate Match { get; }

    public void Dispose() => _services.Dispose();

    private static Endpoint Endpoint(RouteModel model, RoutePipeline pipeline)
    {
        var endpoint = new RouteEndpointBuilder(pipeline.Marker, RoutePatternFactory.Parse(model.Pattern), model.Order) { DisplayName = model.Pattern };
        if (model.Methods.Count > 0)
        {
            endpoint.Metadata.Add(new HttpMethodMetadata(model.Methods));
        }

        if (model.Host is { } hosts)
        {
            endpoint.Metadata.Add(new HostAttribute([.. hosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]));
        }

        if (model.Headers.Count + model.Query.Count > 0)
        {
            endpoint.Metadata.Add(new RouteConditions([.. model.Headers.Select(RouteCondition.Parse)], [.. model.Query.Select(RouteCondition.Parse)]));
        }

        return endpoint.Build();
    }
}
