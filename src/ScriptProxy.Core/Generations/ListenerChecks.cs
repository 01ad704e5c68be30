using ScriptProxy.Core.Reloading;
using ScriptProxy.Core.Tls;
using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Generations;

/// <summary>Reads the listeners and their certificates, and tells what is wrong with them.</summary>
internal sealed class ListenerChecks(Diagnostics found, string baseFolder, TimeProvider time)
{
    internal IReadOnlyList<ListenerTls> Read(GatewayModel model, FileState files, List<IDisposable> owned)
    {
        var listeners = new List<ListenerTls>();
        foreach (var listener in model.Listeners)
        {
            try
            {
                var key = ListenerKey.Parse(listener);
                if (listeners.Find(l => l.Key.Port == key.Port && l.Key.Port != 0 && l.Key.Host == key.Host) is { } twin)
                {
                    found.Error(listener.Source, "SP1021", $"{listener.Url} is listened on already, at {found.Display(twin.Model.Source)}");
                    continue;
                }

                CheckAdmin(listener, key);
                listeners.Add(new ListenerTls(key, listener, Certificates(listener, files, owned)));
            }
            catch (FormatException error)
            {
                found.Error(listener.Source, "SP1022", error.Message);
            }
        }

        if (!model.Listeners.Exists(l => l.Admin is null))
        {
            found.Error(default, "SP1023", "nothing listens", "add Listen(\"http://localhost:8080\");");
        }

        return listeners;
    }

    private void CheckAdmin(ListenerModel listener, ListenerKey key)
    {
        if (listener.Admin is not { } admin)
        {
            return;
        }

        if (key.IsTls)
        {
            found.Error(listener.Source, "SP1026", $"{listener.Url}: the admin API speaks http", "for TLS, let a route of an https listener lead to it");
        }
        else if (admin.Token is not null && string.IsNullOrWhiteSpace(admin.Token))
        {
            found.Error(listener.Source, "SP1026", $"{listener.Url}: the token is empty");
        }
        else if (admin.Token is null && !key.IsLocal)
        {
            found.Error(
                listener.Source,
                "SP1026",
                $"{listener.Url} is reached by other machines: the admin API needs a token there",
                "write Admin(\"http://127.0.0.1:9080\"), or token: Settings.Secret(\"admin-token\")");
        }
    }

    private CertificateSet? Certificates(ListenerModel listener, FileState files, List<IDisposable> owned)
    {
        if (listener.Tls is not { Certificates: { Count: > 0 } written })
        {
            return null;
        }

        foreach (var (_, certificate, key, _, _) in written)
        {
            // A renewed certificate is taken up like a changed script.
            files.Add(Path.GetFullPath(certificate, baseFolder));
            if (key is not null)
            {
                files.Add(Path.GetFullPath(key, baseFolder));
            }
        }

        try
        {
            var set = CertificateSet.Load(written.Select(c => new CertificateSource(c.Host, c.CertificatePath, c.KeyPath, c.Password)), baseFolder, time);
            owned.Add(set);
            foreach (var warning in set.Warnings)
            {
                found.Warning(written[0].Source, "SP1025", warning);
            }

            return set;
        }
        catch (CertificateException error)
        {
            foreach (var problem in error.Problems)
            {
                // The line that names the file the problem is about.
                var line = written.Find(c => problem.Contains(c.CertificatePath, StringComparison.Ordinal) || (c.KeyPath is { } k && problem.Contains(k, StringComparison.Ordinal)));
                found.Error(line.Source.Line > 0 ? line.Source : listener.Source, "SP1024", problem);
            }

            return null;
        }
    }
}
