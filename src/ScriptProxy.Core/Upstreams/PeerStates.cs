using System.Collections.Concurrent;

namespace ScriptProxy.Core.Upstreams;

/// <summary>Health and counts of every server, by upstream and address; kept over reloads.</summary>
internal sealed class PeerStates
{
    private readonly ConcurrentDictionary<(string Upstream, string Address), PeerState> _states = new();

    internal PeerState Get(string upstream, Uri address) => _states.GetOrAdd((upstream, Key(address)), static _ => new PeerState());

    /// <summary>Takes the servers of an address out of service, or back with null.</summary>
    /// <exception cref="ArgumentException">No upstream names that address.</exception>
    internal void SetDown(Uri address, string? why)
    {
        var key = Key(address);
        var found = false;
        foreach (var (id, state) in _states)
        {
            if (id.Address == key)
            {
                state.DownReason = why;
                found = true;
            }
        }

        if (!found)
        {
            throw new ArgumentException($"no upstream has the peer {key}", nameof(address));
        }
    }

    /// <summary>Forgets the servers that no live generation names and that were not taken down by hand.</summary>
    internal void Keep(IReadOnlySet<(string Upstream, string Address)> named)
    {
        foreach (var (id, state) in _states)
        {
            if (!named.Contains(id) && state.InFlight == 0)
            {
                _states.TryRemove(id, out _);
            }
        }
    }

    internal static string Key(Uri address) => address.GetLeftPart(UriPartial.Path);
}
