// A phase file for Log: a line for each request. It runs after the answer is sent, so nobody waits for it.
//     Log("scripts/access-log.csx");
Logger.LogInformation(
    "{Client} {Method} {Path} {Status} {Bytes} bytes in {Elapsed:F1} ms, {Peer} took {Upstream:F1} ms, attempts {Attempts}",
    ClientIp, Request.Method, Request.Path, Response.StatusCode, BytesSent, Elapsed.TotalMilliseconds, Peer?.Name ?? "no peer", UpstreamElapsed.TotalMilliseconds, Attempts);
