using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Requests that a handler sends through the gateway's own routes: the same phases, no socket.</summary>
internal static class Subrequests
{
    internal static async ValueTask<SubrequestResult> StartAsync(Exchange parent, SubrequestOptions options)
    {
        if (string.IsNullOrEmpty(options.Path) || options.Path[0] != '/')
        {
            throw new ArgumentException($"a subrequest's path starts with '/', '{options.Path}' does not", nameof(options));
        }

        var limit = parent.Snapshot.Limits.SubrequestDepth;
        if (parent.Depth >= limit)
        {
            throw new InvalidOperationException($"subrequests are nested deeper than {limit}, last for {options.Path}");
        }

        var response = new SubrequestResponse(parent.Http.RequestAborted);
        var child = parent.Spawn(Features(parent, options, response));
        parent.Own(response);
        _ = RunAsync(child, response);
        await response.Started;
        return new SubrequestResult(response.StatusCode, response.Headers, response.Reader.AsStream());
    }

    private static async Task RunAsync(Exchange child, SubrequestResponse response)
    {
        // The caller goes on beside it, and must not be charged for its running time.
        await Task.Yield();
        try
        {
            child.Scope.Activate();
            await RequestPipeline.RunAsync(child);

            // What was cut off has no answer, least of all the 200 that an answer begins with.
            response.RequestAborted.ThrowIfCancellationRequested();
            await response.CompleteAsync();
        }
        catch (Exception error)
        {
            response.Fail(error);
        }
        finally
        {
            child.Finish();
            response.Dispose();
        }
    }

    private static FeatureCollection Features(Exchange parent, SubrequestOptions options, SubrequestResponse response)
    {
        var caller = parent.Http.Request;
        var target = RequestTarget.Encode(options.Path);
        var mark = target.IndexOf('?', StringComparison.Ordinal);
        IHeaderDictionary headers = new HeaderDictionary();
        if (options.InheritHeaders)
        {
            foreach (var (name, value) in caller.Headers)
            {
                if (!OfBodyOrConnection(name))
                {
                    headers[name] = value;
                }
            }
        }

        foreach (var (name, value) in options.Headers ?? [])
        {
            headers[name] = StringValues.IsNullOrEmpty(value) ? StringValues.Empty : value;
        }

        if (headers.Host.Count == 0)
        {
            headers.Host = caller.Host.Value;
        }

        if (options.Body is { CanSeek: true } body)
        {
            headers.ContentLength = body.Length;
        }

        var features = new FeatureCollection(16);
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = options.Method,
            Protocol = caller.Protocol,
            Scheme = caller.Scheme,
            Path = PathString.FromUriComponent(mark < 0 ? target : target[..mark]).Value!,
            QueryString = mark < 0 ? "" : target[mark..],
            RawTarget = target,
            Headers = headers,
            Body = options.Body ?? Stream.Null,
        });
        features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(options.Body is not null));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(response);
        features.Set<IHttpRequestLifetimeFeature>(response);
        features.Set(parent.Http.Features.Get<IHttpConnectionFeature>());
        features.Set<IHttpRequestIdentifierFeature>(new HttpRequestIdentifierFeature { TraceIdentifier = parent.Http.TraceIdentifier });
        return features;
    }

    private static bool OfBodyOrConnection(string header) =>
        header.StartsWith("Content-", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith(':')
        || header.ToUpperInvariant() is "TRANSFER-ENCODING" or "CONNECTION" or "UPGRADE" or "EXPECT" or "TE" or "TRAILER" or "KEEP-ALIVE"
            or "RANGE" or "IF-RANGE" or "IF-MATCH" or "IF-NONE-MATCH" or "IF-MODIFIED-SINCE" or "IF-UNMODIFIED-SINCE";

    private sealed record BodyDetection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}
