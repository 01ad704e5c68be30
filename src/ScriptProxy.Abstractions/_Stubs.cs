#pragma warning disable
namespace ScriptProxy;
public abstract class SharedDictionary { }
public sealed record ServerSentEvent(string? Event, string Data, string? Id, int? Retry);
