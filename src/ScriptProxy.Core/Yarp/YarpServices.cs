using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace ScriptProxy.Core.Yarp;

/// <summary>YARP as the gateway's forwarder.</summary>
internal static class YarpServices
{
    internal static IServiceCollection AddYarpForwarder(this IServiceCollection services) => services
        .AddHttpForwarder()
        .AddSingleton(provider => new YarpForwarder(provider.GetRequiredService<IHttpForwarder>()));
}
