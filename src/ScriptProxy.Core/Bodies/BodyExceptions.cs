namespace ScriptProxy.Core.Bodies;

/// <summary>A body, a line or an event is longer than a filter may hold in memory.</summary>
internal sealed class BodyTooLargeException(string what, long max) : IOException($"The {what} is longer than {max} bytes, the most that its filter may hold.")
{
    /// <summary>The limit that was passed, in bytes.</summary>
    internal long Max { get; } = max;
}

/// <summary>A body is not in the coding that its head names: its sender's fault, an answer fails with 502 and a request with 400.</summary>
internal sealed class BodyBrokenException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>
/// A body filter cannot read this message: its coding is unknown here, or it is a part of a whole. Passing it on
/// unfiltered could show what the filter hides, so an answer fails with 502 and a request with 415.
/// </summary>
internal sealed class BodyNotFilterableException(string message) : IOException(message);
