// A phase file for BodyFilter: hides card numbers in server-sent events and drops those meant for developers. Each event goes on as it comes.
//     Route("/events").BodyFilter("scripts/sse-redact.csx").To("shop");
using System.Text.RegularExpressions;

Events(e => e.Event == "debug" ? null : e with { Data = Regex.Replace(e.Data, "[0-9]{12,15}(?=[0-9]{4})", "************") });
