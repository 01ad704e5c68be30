// A phase file for Error: what people see when something failed (error_page).
//     Error("scripts/friendly-errors.csx");
// Programs keep the plain answer.
if (!Request.Headers.Accept.ToString().Contains("text/html"))
    return Next;

(int status, string text) = Source switch
{
    ErrorSource.Upstream => (503, "The shop is busy. Please try again in a minute."),
    ErrorSource.Client => (Response.StatusCode, "That did not reach us as it should. Please try again."),
    _ => (500, "Something went wrong on our side, and we have been told."),
};
return Respond(status, $"<!doctype html><title>Sorry</title><p>{text}</p><p>Ask us about {RequestId}.</p>\n", "text/html; charset=utf-8");
