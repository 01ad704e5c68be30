using System.Collections.Concurrent;

namespace ScriptProxy.Core.Upstreams;

/// <summary>Health and counts of every server, by upstream and address, and who waits for one; kept over reloads.</summary>
internal sealed class PeerStates(TimeProvider time)
{
    private readonly ConcurrentDictionary<(string Upstream, string Address), PeerState> _states = new();
    private readonly ConcurrentDictionary<string, WaitingLine> _lines = new(StringComparer.Ordinal);

    internal PeerState Get(string upstream, Uri address) =>
        _states.GetOrAdd((upstream, Key(address)), id => new PeerState(time) { Freed = LineOf(id.Upstream).WakeNext });

    /// <summary>Those who wait until a server of the upstream is no longer full.</summary>
    internal WaitingLine LineOf(string upstream) => _lines.GetOrAdd(upstream, static _ => new WaitingLine());

    /// <summary>Takes the servers of an address out of service, or back.</summary>
    /// <exception cref="ArgumentException">No upstream names that address.</exception>
    internal void Change(Uri address, Action<PeerState> change)
    {
        var key = Key(address);
        var found = false;
        foreach (var (id, state) in _states)
        {
            if (id.Address == key)
            {
                change(state);
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
