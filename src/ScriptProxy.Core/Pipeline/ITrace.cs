using ScriptProxy.Runtime;

namespace ScriptProxy.Core.Pipeline;

/// <summary>Is told what script code runs, for tests; in production there is none.</summary>
internal interface ITrace
{
    /// <param name="exchange">The request.</param>
    /// <param name="phase">The verb.</param>
    /// <param name="source">Where the handler is written.</param>
    /// <param name="answer">What it answered; null for nothing.</param>
    /// <param name="error">What it threw.</param>
    void HandlerRan(ExchangeState exchange, string phase, ScriptLocation source, object? answer, Exception? error);

    void TimerBegins(ScriptLocation source);

    void TimerEnded(ScriptLocation source, Exception? error);
}
