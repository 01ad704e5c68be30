// A phase file for Access: a closed door with a light in the window.
//     Access("scripts/maintenance.csx");
// Set "maintenance" to "on" in appsettings.json and save: it holds at once. Those who come from the office still get in.
if (Settings["maintenance"] != "on" || ClientIp.ToString().StartsWith("10."))
    return Next;

Response.Headers.RetryAfter = "600";
return Respond(503, "<!doctype html><title>Back soon</title><p>We are working on it. Come back in ten minutes.</p>\n", "text/html; charset=utf-8");
