using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http;
using ScriptProxy;
using ScriptProxy.Plugins;

namespace MyPlugin;

/// <summary>What the gateway makes one of for each load.</summary>
public sealed class MyPluginPlugin : IGatewayPlugin
{
    public void Register(PluginBuilder plugin)
    {
        var options = plugin.Options<MyPluginOptions>();
        plugin.HeaderFilter(h => { h.Response.Headers["X-MyPlugin"] = options.Mark; });
    }
}

/// <summary>The section Plugins:MyPlugin of appsettings.json.</summary>
public sealed class MyPluginOptions
{
    [Required]
    public string Mark { get; set; } = "1";
}

/// <summary>What scripts can write then: <c>Route("/hi").Greet("you")</c>.</summary>
public static class MyPluginVerbs
{
    public static RouteBuilder Greet(this RouteBuilder route, string name) => route.Content(c => c.Text($"hello {name}\n"));
}
