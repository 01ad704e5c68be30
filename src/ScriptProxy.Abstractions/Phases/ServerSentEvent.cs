namespace ScriptProxy;

/// <summary>One event of a <c>text/event-stream</c> body, as the WHATWG HTML standard defines it (9.2, "Server-sent events").</summary>
/// <param name="Data">The data lines, joined with LF. Each line of it is written as its own <c>data</c> field.</param>
/// <param name="Event">The event type; null where the event names none, which a browser takes for <c>message</c>. It holds no line break.</param>
/// <param name="Id">
/// The id that this event sets, which a client sends back as <c>Last-Event-ID</c>; null where it sets none, empty where it
/// resets the last one. It holds neither a line break nor U+0000.
/// </param>
/// <param name="Retry">The reconnection time that this event sets, in milliseconds, 0 or more; null where it sets none.</param>
/// <remarks>Comments of the stream are no part of an event; a filter passes them on.</remarks>
public sealed record ServerSentEvent(string Data, string? Event = null, string? Id = null, int? Retry = null);
