using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ScriptProxy.Tests.Real;

/// <summary>git http-backend behind a small CGI host (RFC 3875): streams both ways, a process per request.</summary>
internal sealed class GitOrigin(string program, string root)
{
    /// <summary>Of each request: method, path, coding of its body, and whether its length was declared.</summary>
    internal ConcurrentQueue<string> Seen { get; } = new();

    internal async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        Seen.Enqueue($"{request.Method} {request.Path} {request.Headers.ContentEncoding} {(request.ContentLength is null ? "chunked" : "declared")}");
        var start = new ProcessStartInfo(program, ["http-backend"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        var variables = start.Environment;
        variables["GIT_PROJECT_ROOT"] = root;
        variables["GIT_HTTP_EXPORT_ALL"] = "1";
        variables["GIT_CONFIG_NOSYSTEM"] = "1";
        variables["HOME"] = root;
        variables["REMOTE_USER"] = "tester";
        variables["REMOTE_ADDR"] = context.Connection.RemoteIpAddress!.ToString();
        variables["REQUEST_METHOD"] = request.Method;
        variables["PATH_INFO"] = request.Path;
        variables["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?') ?? "";
        variables["CONTENT_TYPE"] = request.ContentType ?? "";
        variables["SERVER_PROTOCOL"] = request.Protocol;
        if (request.ContentLength is { } length)
        {
            variables["CONTENT_LENGTH"] = length.ToString(CultureInfo.InvariantCulture);
        }

        if (request.Headers.ContentEncoding is [{ } coding])
        {
            variables["HTTP_CONTENT_ENCODING"] = coding;
        }

        if (request.Headers["Git-Protocol"] is [{ } protocol])
        {
            variables["GIT_PROTOCOL"] = protocol;
        }

        using var process = Process.Start(start)!;
        var sending = SendAsync(request, process.StandardInput.BaseStream);
        var output = process.StandardOutput.BaseStream;
        await foreach (var (name, value) in HeadersAsync(output))
        {
            if (name == "Status")
            {
                context.Response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                context.Response.Headers.Append(name, value);
            }
        }

        await output.CopyToAsync(context.Response.Body);
        await sending;
        await process.WaitForExitAsync();
    }

    private static async Task SendAsync(HttpRequest request, Stream input)
    {
        await using (input)
        {
            try
            {
                await request.Body.CopyToAsync(input);
            }
            catch (IOException)
            {
                // It has heard enough.
            }
        }
    }

    private static async IAsyncEnumerable<(string Name, string Value)> HeadersAsync(Stream output)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await output.ReadAsync(one) == 1)
        {
            if (one[0] != '\n')
            {
                line.Append((char)one[0]);
                continue;
            }

            var header = line.ToString().TrimEnd('\r');
            line.Clear();
            if (header.Length == 0)
            {
                yield break;
            }

            var colon = header.IndexOf(':', StringComparison.Ordinal);
            yield return (header[..colon], header[(colon + 1)..].Trim());
        }
    }
}
