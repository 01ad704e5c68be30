using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Core.Pipeline;

/// <summary>The headers that Connection names: they are for one hop and go no further (RFC 9110, 7.6.1).</summary>
internal static class HopByHop
{
    /// <summary>Those that say how the message is framed or what becomes of the connection have their own rules.</summary>
    private static readonly HashSet<string> Others = new(StringComparer.OrdinalIgnoreCase)
    {
        "close", "keep-alive", "upgrade", "te", "host", "content-length", "transfer-encoding", "connection",
    };

    /// <summary>Before any handler runs, so that a client can take away what it sent itself, but nothing that a handler adds.</summary>
    internal static void RemoveNamed(IHeaderDictionary headers)
    {
        foreach (var line in headers.Connection)
        {
            RemoveNamed(headers, line);
        }
    }

    /// <param name="headers">What came with the line.</param>
    /// <param name="connection">A line of Connection.</param>
    internal static void RemoveNamed(IHeaderDictionary headers, string? connection)
    {
        foreach (var part in connection.AsSpan().Split(','))
        {
            var name = connection.AsSpan(part).Trim();
            if (name.Length > 0 && !name.Equals("keep-alive", StringComparison.OrdinalIgnoreCase) && name.ToString() is var named && !Others.Contains(named))
            {
                headers.Remove(named);
            }
        }
    }
}
