namespace ScriptProxy;

/// <summary>Whose fault a failed request is.</summary>
public enum ErrorSource
{
    /// <summary>The peer: no connection, a reset, garbage, a time-out.</summary>
    Upstream,

    /// <summary>The client: a body too large, a broken request, a connection that went away.</summary>
    Client,

    /// <summary>A script: a handler threw or ran over its budget.</summary>
    Script,

    /// <summary>The gateway itself: a loop of Exec, no peer available.</summary>
    Gateway,
}
