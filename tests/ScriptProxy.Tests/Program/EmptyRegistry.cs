using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using ScriptProxy.Tests.Harness;

namespace ScriptProxy.Tests.Program;

/// <summary>A container registry that holds one image, "base:latest", with nothing in it: enough to build upon without a network.</summary>
internal sealed class EmptyRegistry : IAsyncDisposable
{
    private readonly Origin _server;

    private EmptyRegistry(Origin server) => _server = server;

    /// <summary>For ContainerBaseImage.</summary>
    internal string Image => $"localhost:{new Uri(_server.Address).Port}/base:latest";

    internal static async Task<EmptyRegistry> StartAsync()
    {
        var tar = Tar();
        var layer = Gzip(tar);
        var config = Encoding.UTF8.GetBytes(
            $$$"""{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin"]},"rootfs":{"type":"layers","diff_ids":["{{{Digest(tar)}}}"]},"history":[]}""");
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
            "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{Digest(config)}}","size":{{config.Length}}},
            "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{{Digest(layer)}}","size":{{layer.Length}}}]}
            """);
        var blobs = new[] { layer, config, manifest }.ToDictionary(Digest, StringComparer.Ordinal);
        return new EmptyRegistry(await Origin.StartAsync(async c =>
        {
            var path = c.Request.Path.Value!;
            var blob = path.EndsWith("/manifests/latest", StringComparison.Ordinal) ? manifest : blobs.GetValueOrDefault(path[(path.LastIndexOf('/') + 1)..]);
            if (blob is null)
            {
                c.Response.StatusCode = path == "/v2/" ? 200 : 404;
                return;
            }

            c.Response.ContentType = blob == manifest ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream";
            c.Response.Headers["Docker-Content-Digest"] = Digest(blob);
            c.Response.ContentLength = blob.Length;
            if (HttpMethods.IsGet(c.Request.Method))
            {
                await c.Response.Body.WriteAsync(blob);
            }
        }));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Digest(byte[] bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static byte[] Tar()
    {
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "tmp/"));
        }

        return bytes.ToArray();
    }

    private static byte[] Gzip(byte[] plain)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(plain);
        }

        return bytes.ToArray();
    }
}
