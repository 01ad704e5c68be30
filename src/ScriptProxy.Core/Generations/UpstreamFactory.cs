using ScriptProxy.Core.Plugins;
using ScriptProxy.Core.Upstreams;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Makes upstreams from what was written, and tells what is wrong with it.</summary>
internal sealed class UpstreamFactory(
    SharedState shared, IReadOnlyList<ListenerTls> listeners, Balancers balancers, Diagnostics found, string baseFolder, List<IDisposable> owned)
{
    internal Upstream? Create(UpstreamModel model)
    {
        var peers = Peers(model);
        var policy = Policy(model);
        var authority = model.CertificateAuthority is { } file ? Path.GetFullPath(file, baseFolder) : null;
        if (authority is not null && !File.Exists(authority))
        {
            found.Error(At(model), "SP1015", $"upstream {model.Name}: the certificate authority '{model.CertificateAuthority}' does not exist");
        }

        if (peers.Count == 0 && model.Peers.Count == 0)
        {
            found.Error(At(model), "SP1016", $"the upstream '{model.Name}' has no peers");
        }

        if (model.PreferredZone is { } zone && !model.Peers.Exists(p => p.Zone == zone))
        {
            found.Error(At(model), "SP1030", $"upstream {model.Name}: no peer is of the preferred zone '{zone}'", "give the peers a zone: Peer(\"http://...\", zone: \"" + zone + "\")");
        }

        if (found.HasErrors)
        {
            return null;
        }

        var upstream = new Upstream(model, peers, policy, balancers, authority, shared.Pools) { PointsHome = peers.Exists(IsOwn), Line = shared.Peers.LineOf(model.Name) };
        owned.Add(upstream);
        return upstream;
    }

    private List<Peer> Peers(UpstreamModel model)
    {
        var peers = new List<Peer>();
        foreach (var written in model.Peers)
        {
            var address = written.Address;
            var at = written.Source.Line > 0 ? written.Source : At(model);
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            {
                found.Error(at, "SP1002", $"'{address}' is no address of a server", "write http://host:port or https://host:port");
                continue;
            }

            if (uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
            {
                found.Error(at, "SP1002", $"'{address}': a server's address has neither query nor fragment nor user");
                continue;
            }

            if (peers.Exists(p => PeerStates.Key(p.Address) == PeerStates.Key(uri)))
            {
                found.Error(at, "SP1017", $"upstream {model.Name}: the peer {address} is there twice", "give it a weight instead");
                continue;
            }

            peers.Add(new Peer(uri, written.Name ?? uri.Authority, written.Weight, written.Tags, shared.Peers.Get(model.Name, uri))
            {
                Index = peers.Count,
                IsBackup = written.Backup,
                Zone = written.Zone,
                MaxRequests = written.MaxRequests,
                SlowStart = model.SlowStart,
            });
        }

        return peers;
    }

    private ILoadBalancer? Policy(UpstreamModel model)
    {
        if (model.OwnPolicy is not null)
        {
            return null;
        }

        var name = model.Policy ?? Balancers.Default;
        ILoadBalancer? policy;
        try
        {
            policy = balancers.Create(name);
        }
        catch (PluginException error)
        {
            found.Error(model.PolicySource, error.Code, error.Message);
            return null;
        }

        if (policy is null)
        {
            balancers.TellMissing(name, model.PolicySource, found);
        }

        return policy;
    }

    private bool IsOwn(Peer peer) => listeners.Any(l =>
        l.Key.Port == peer.Address.Port
        && (peer.Address.IsLoopback || l.Key.Host == peer.Address.IdnHost.Trim('[', ']')));

    private ScriptLocation At(UpstreamModel model) => found.Find("Upstream", model.Name);
}
