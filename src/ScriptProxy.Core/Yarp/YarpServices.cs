using Microsoft.Extensions.DependencyInjection;
using ScriptProxy.Core.Pipeline;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>YARP as the gateway's forwarder.</summary>
internal static class YarpServices
{
    internal static IServiceCollection AddYarpForwarder(this IServiceCollection services) => services
        .AddHttpForwarder()
        .AddSingleton<IForwarder>(provider => new YarpForwarder(provider.GetRequiredService<IHttpForwarder>()));
}
