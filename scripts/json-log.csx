// A line of JSON per request in a file, written in the background a few times per second: no request waits for the disk.
//     #load "scripts/json-log.csx"
//     Log(JsonLog);
// The file is the setting "access-log", access.json unless set.
using System.Text.Json.Nodes;
using System.Threading.Channels;

var logFile = Settings["access-log"] ?? "access.json";

// When the disk cannot follow, the oldest lines go and the gateway goes on.
var logLines = Channel.CreateBounded<string>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropOldest });

void JsonLog(LogContext l) => logLines.Writer.TryWrite(new JsonObject
{
    ["time"] = l.Time.GetUtcNow(),
    ["id"] = l.RequestId,
    ["client"] = l.ClientIp.ToString(),
    ["method"] = l.Request.Method,
    ["path"] = l.Request.Path.Value,
    ["status"] = l.Response.StatusCode,
    ["bytes"] = l.BytesSent,
    ["ms"] = Math.Round(l.Elapsed.TotalMilliseconds, 1),
    ["peer"] = l.Peer?.Name,
    ["error"] = l.Error?.Message,
}.ToJsonString());

async Task WriteLog()
{
    if (!logLines.Reader.TryPeek(out _))
        return;

    await using var file = new StreamWriter(logFile, append: true);
    while (logLines.Reader.TryRead(out var line))
        await file.WriteLineAsync(line);
}

Every(Milliseconds(250), async t => await WriteLog());
Exit(WriteLog);
