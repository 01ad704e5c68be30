namespace ScriptProxy.Tests.Phases;

/// <summary>Every form in which a C# user hangs a handler on a verb, as lines of a script.</summary>
internal static class VerbForms
{
    /// <summary>The verbs whose handlers answer something, with their context, their answer and an expression that makes one.</summary>
    internal static readonly (string Verb, string Context, string Answer, string Value, bool MayAnswerNothing)[] Answering =
    [
        ("Rewrite", "RewriteContext", "Verdict", "r.Next", true),
        ("Access", "AccessContext", "Verdict", "r.Respond(403)", true),
        ("Content", "ContentContext", "Verdict", "r.Text(\"x\")", true),
        ("Error", "ErrorContext", "Verdict", "r.Respond(503, \"sorry\\n\")", true),
        ("Lookup", "LookupContext", "CacheDecision", "r.Bypass", true),
        ("UpstreamResponse", "UpstreamResponseContext", "Freshness", "r.Default", true),
        ("Balancer", "BalancerContext", "Peer", "r.Tagged(\"x\").Pick(\"round-robin\")", false),
    ];

    /// <summary>The verbs whose handlers answer nothing.</summary>
    internal static readonly (string Verb, string Context)[] Silent =
    [
        ("RequestBodyFilter", "RequestBodyFilterContext"),
        ("UpstreamRequest", "UpstreamRequestContext"),
        ("HeaderFilter", "HeaderFilterContext"),
        ("BodyFilter", "BodyFilterContext"),
        ("Log", "LogContext"),
    ];

    /// <summary>Forms that fit every verb: nothing of an answer is said.</summary>
    internal static IEnumerable<string> Common(string context)
    {
        yield return "r => throw new InvalidOperationException()";
        yield return "async r => throw new InvalidOperationException()";
        yield return "r => { throw new InvalidOperationException(); }";
        yield return "async r => { throw new InvalidOperationException(); }";
        yield return "async r => { await Task.Yield(); throw new InvalidOperationException(); }";
        yield return "r => { while (true) { } }";
        yield return "async r => { while (true) { await Task.Yield(); } }";
        yield return "r => { for (;;) { r.Request.ToString(); } }";
        yield return $"({context} r) => throw new InvalidOperationException()";
        yield return "_ => throw new InvalidOperationException()";
        yield return "delegate { throw new InvalidOperationException(); }";
    }

    /// <summary>Forms that answer nothing.</summary>
    internal static IEnumerable<string> Nothing(string context)
    {
        yield return "r => { }";
        yield return "_ => { }";
        yield return $"({context} r) => {{ }}";
        yield return $"delegate ({context} r) {{ }}";
        yield return "r => { if (r.Request.Path == \"/\") return; r.Request.Headers[\"X\"] = \"y\"; }";
        yield return "r => r.Logger.LogInformation(\"hi\")";
        yield return "r => r.Request.Headers[\"X\"] = \"y\"";
        yield return "r => r.Response.Headers[\"X\"] = \"y\"";
        yield return "r => r.HttpContext.Items[\"x\"] = 1";
        yield return "r => r[Tries]++";
        yield return "r => r[Tries] += 2";
        yield return "r => r.Set(Tries, 1)";
        yield return "r => r.Request.Headers.Remove(\"X\")";
        yield return "r => Shared(\"forms\").Increment(\"n\")";
        yield return "async r => await Task.Yield()";
        yield return "async r => { await Task.Yield(); }";
        yield return "async r => await Task.Delay(1, r.Aborted)";
        yield return "async r => { if (r.Request.Path == \"/\") return; await Task.Yield(); }";
        yield return "async r => { await using var sub = await r.Subrequest(\"/auth\"); }";
        yield return "r => Task.CompletedTask";
        yield return "r => ValueTask.CompletedTask";
        yield return "r => default(ValueTask)";
        yield return "r => Task.Run(() => { })";
        yield return "r => { return Task.CompletedTask; }";
        yield return $"{context}Void";
        yield return $"{context}Task";
        yield return $"{context}ValueTask";
        yield return $"{context}AsyncVoidTask";
        yield return $"new Action<{context}>(r => {{ }})";
        yield return $"new Func<{context}, Task>(r => Task.CompletedTask)";
        yield return $"new Func<{context}, ValueTask>(r => default)";
        yield return $"Helpers.{context}Void";
        yield return $"Helpers.{context}Task";
    }

    /// <summary>Forms that answer something, and those that answer null.</summary>
    internal static IEnumerable<string> Answers(string context, string answer, string value)
    {
        yield return $"r => {value}";
        yield return $"r => {{ return {value}; }}";
        yield return $"({context} r) => {value}";
        yield return $"delegate ({context} r) {{ return {value}; }}";
        yield return $"r => r.Request.Path == \"/\" ? {value} : null";
        yield return $"r => r.Request.Path == \"/\" ? null : {value}";
        yield return $"r => r.Request.Path == \"/\" ? {value} : throw new InvalidOperationException()";
        yield return $"r => {{ if (r.Request.Path == \"/\") return {value}; return null; }}";
        yield return $"r => {{ if (r.Request.Path == \"/\") return {value}; throw new InvalidOperationException(); }}";
        yield return $"r => r.Request.Path.Value switch {{ \"/\" => {value}, _ => null }}";
        yield return "r => null";
        yield return "_ => null";
        yield return "r => { return null; }";
        yield return $"r => default({answer})";
        yield return "async r => null";
        yield return "async r => { await Task.Yield(); return null; }";
        yield return $"async r => {{ await Task.Yield(); return {value}; }}";
        yield return $"async r => {{ if (r.Request.Path == \"/\") return {value}; await Task.Yield(); return null; }}";
        yield return $"async r => (await r.Subrequest(\"/auth\")).IsSuccess ? {value} : null";
        yield return $"async r => await {context}AnswerTask(r)";
        yield return $"r => Task.FromResult({value})";
        yield return $"r => Task.FromResult<{answer}>(null)";
        yield return $"r => ValueTask.FromResult({value})";
        yield return $"r => new ValueTask<{answer}>({value})";
        yield return $"{context}Answer";
        yield return $"{context}AnswerTask";
        yield return $"{context}AnswerValueTask";
        yield return $"{context}AnswerAsync";
        yield return $"Helpers.{context}Answer";
        yield return $"new Func<{context}, {answer}>(r => {value})";
        yield return $"new Func<{context}, Task<{answer}>>(r => Task.FromResult({value}))";
        yield return $"new Func<{context}, ValueTask<{answer}>>(r => new({value}))";
    }

    /// <summary>The functions that the forms name: those of the script, and static ones of a class.</summary>
    internal static string Functions(string context, string? answer, string? value)
    {
        var lines = $$"""
            void {{context}}Void({{context}} r) { }
            Task {{context}}Task({{context}} r) => Task.CompletedTask;
            ValueTask {{context}}ValueTask({{context}} r) => default;
            async Task {{context}}AsyncVoidTask({{context}} r) => await Task.Yield();

            """;
        if (answer is not null)
        {
            lines += $$"""
                static {{answer}} {{context}}Answer({{context}} r) => {{value}};
                Task<{{answer}}> {{context}}AnswerTask({{context}} r) => Task.FromResult({{value}});
                ValueTask<{{answer}}> {{context}}AnswerValueTask({{context}} r) => new({{value}});
                async Task<{{answer}}> {{context}}AnswerAsync({{context}} r) { await Task.Yield(); return {{value}}; }

                """;
        }

        return lines + $$"""
            static class Helpers
            {
                public static void {{context}}Void({{context}} r) { }
                public static Task {{context}}Task({{context}} r) => Task.CompletedTask;
                {{(answer is null ? "" : $"public static {answer} {context}Answer({context} r) => {value};")}}
            }

            """;
    }
}
