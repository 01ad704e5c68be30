// What this gateway does. Save a change and it is live, or you are told what is wrong and the last good one goes on.
//   scriptproxy         serves it
//   scriptproxy check   tells what is wrong with it
//   scriptproxy test    runs tests/*.tests.csx against it
#load "scripts/token.csx"

Listen("http://localhost:8080");

Upstream("app", "http://localhost:5000");

Route("/hello").Content(c => c.Text($"hello {c.Request.Query["name"]}\n"));

// Only with a token: curl -H "Authorization: Bearer open-sesame" http://localhost:8080/private/
Route("/private/{**path}").Access(RequireToken).To("app");

Route("/{**path}").To("app");
