namespace ScriptProxy;

/// <summary>The limits of the gateway. Those of connections hold for listeners opened after the load; the others from the next request on.</summary>
public sealed class GatewayLimits
{
    /// <summary>The most bytes of a request's body; more is answered with 413. No limit unless set: bodies stream.</summary>
    public long? RequestBody { get; set; }

    /// <summary>The most bytes of a request's line; more is answered with 414. 8 KiB unless set.</summary>
    public int RequestLine { get; set; } = 8 * 1024;

    /// <summary>The most bytes of all of a request's headers; more is answered with 431. 32 KiB unless set.</summary>
    public int RequestHeaders { get; set; } = 32 * 1024;

    /// <summary>The most connections of a listener at once; further ones are closed. No limit unless set.</summary>
    public long? Connections { get; set; }

    /// <summary>How long a client may take to send its headers. 30 seconds unless set.</summary>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may stay idle between requests. 130 seconds unless set.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>How long running requests may go on after SIGTERM. 30 seconds unless set.</summary>
    public TimeSpan ShutdownGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long WebSockets and other long requests may go on after the load that they began with was replaced. No limit unless set.</summary>
    public TimeSpan? OldRequests { get; set; }

    /// <summary>How deep subrequests may nest. 10 unless set.</summary>
    public int SubrequestDepth { get; set; } = 10;

    /// <summary>How often a request may be run again by Exec. 10 unless set.</summary>
    public int ExecLoops { get; set; } = 10;
}
