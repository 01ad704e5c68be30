using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ScriptProxy.Testing.Clock;

namespace ScriptProxy.Testing;

/// <summary>The servers behind a gateway, and all that scripts reach with <c>Http</c>. Each address that anybody asks for is there.</summary>
public sealed class TestPeers
{
    private readonly ConcurrentQueue<PeerRequest> _requests = new();
    private readonly ConcurrentDictionary<string, Func<PeerRequest, Task<PeerAnswer>>> _byAddress = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _down = new(StringComparer.OrdinalIgnoreCase);
    private Func<PeerRequest, Task<PeerAnswer>> _answer;
    private RequestDelegate? _server;

    /// <summary>Servers that all answer with what they were asked: <c>GET /shop?x=1 at http://10.0.0.11:8080</c>.</summary>
    public TestPeers()
        : this(r => $"{r}\n")
    {
    }

    /// <summary>Servers that answer with this.</summary>
    /// <param name="answer">Called for each request; <see cref="PeerRequest.Peer"/> tells whose it is.</param>
    public TestPeers(Func<PeerRequest, PeerAnswer> answer) => _answer = Later(answer);

    /// <summary>Everything that was asked so far, in order.</summary>
    public IReadOnlyList<PeerRequest> Requests => [.. _requests];

    /// <summary>What was asked last.</summary>
    /// <exception cref="InvalidOperationException">Nobody was asked anything.</exception>
    public PeerRequest Last => _requests.LastOrDefault() ?? throw new InvalidOperationException("No server behind the gateway was asked anything.");

    /// <summary>What the servers answer from now on that have no answer of their own.</summary>
    /// <param name="answer">Called for each request.</param>
    public TestPeers Answer(Func<PeerRequest, PeerAnswer> answer)
    {
        _answer = Later(answer);
        return this;
    }

    /// <inheritdoc cref="Answer(Func{PeerRequest, PeerAnswer})" />
    public TestPeers Answer(Func<PeerRequest, Task<PeerAnswer>> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _answer = answer;
        return this;
    }

    /// <summary>What one server answers from now on.</summary>
    /// <param name="address">As the script writes it, <c>http://10.0.0.11:8080</c>, or without its scheme.</param>
    /// <param name="answer">Called for each request.</param>
    public TestPeers On(string address, Func<PeerRequest, PeerAnswer> answer)
    {
        _byAddress[Authority(address)] = Later(answer);
        return this;
    }

    /// <inheritdoc cref="On(string, Func{PeerRequest, PeerAnswer})" />
    public TestPeers On(string address, Func<PeerRequest, Task<PeerAnswer>> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        _byAddress[Authority(address)] = answer;
        return this;
    }

    /// <summary>All servers are this from now on, also those that have an answer of their own: for what needs the request's body while it streams.</summary>
    /// <param name="server">Any ASP.NET Core handler. <see cref="Requests"/> tells of these requests without their bodies.</param>
    public TestPeers Serve(RequestDelegate server)
    {
        ArgumentNullException.ThrowIfNull(server);
        _server = server;
        return this;
    }

    /// <summary>The server refuses connections from now on; open ones are not used again.</summary>
    /// <param name="address">As for <see cref="On(string, Func{PeerRequest, PeerAnswer})"/>.</param>
    public TestPeers Down(string address)
    {
        _down[Authority(address)] = true;
        return this;
    }

    /// <summary>The server takes connections again.</summary>
    /// <param name="address">As for <see cref="On(string, Func{PeerRequest, PeerAnswer})"/>.</param>
    public TestPeers Up(string address)
    {
        _down.TryRemove(Authority(address), out _);
        return this;
    }

    /// <summary>Forgets what was asked.</summary>
    public void Clear() => _requests.Clear();

    internal bool Knows(string authority) => _byAddress.ContainsKey(authority);

    internal bool IsDown(string authority) => _down.ContainsKey(authority);

    internal async Task<PeerAnswer> AnswerAsync(string peer, HttpContext context, Stillness stillness)
    {
        if (_server is { } server)
        {
            _requests.Enqueue(new PeerRequest(peer, context, []));
            return PeerAnswer.Write(server);
        }

        using var body = new MemoryStream();
        if (!context.WebSockets.IsWebSocketRequest && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            context.Request.Body = new MemoryStream(body.ToArray(), writable: false);
        }

        var request = new PeerRequest(peer, context, body.ToArray());
        _requests.Enqueue(request);
        var answer = (_byAddress.TryGetValue(Authority(peer), out var own) ? own : _answer)(request);
        if (answer.IsCompleted)
        {
            return await answer;
        }

        stillness.Park();
        try
        {
            return await answer;
        }
        finally
        {
            stillness.Unpark();
        }
    }

    internal static string Authority(string address)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        var uri = new Uri(address.Contains("://", StringComparison.Ordinal) ? address : "http://" + address);
        return $"{uri.Host}:{uri.Port}";
    }

    private static Func<PeerRequest, Task<PeerAnswer>> Later(Func<PeerRequest, PeerAnswer> answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return request => Task.FromResult(answer(request));
    }
}
