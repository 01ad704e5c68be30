namespace ScriptProxy.Core.Http1;

/// <summary>The peer broke off, or what it said is no HTTP/1.1.</summary>
internal sealed class PeerFaultException(string message) : IOException(message);

/// <summary>Nobody took the connection in time.</summary>
internal sealed class ConnectTimeoutException(string message, Exception inner) : TimeoutException(message, inner);
