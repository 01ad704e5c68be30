// A phase file for UpstreamResponse: what another peer may do better is asked of another peer (proxy_next_upstream).
//     Upstream("shop", "http://10.0.0.11:8080", "http://10.0.0.12:8080").Attempts(2);
//     Route("/shop/{**path}").UpstreamResponse("scripts/retry.csx").To("shop");
// Only what may be sent twice: a second POST could be a second order.
if (StatusCode is 502 or 503 or 504 && (HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method)))
    return Retry();

return Default;
