namespace ScriptProxy.Program.Commands;
internal static class RestoreCommand { internal static Task<int> ExecuteAsync(GatewayOptions o, CancellationToken s) => Task.FromResult(0); }
