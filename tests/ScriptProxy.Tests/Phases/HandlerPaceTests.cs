using ScriptProxy.Core.Pipeline;

namespace ScriptProxy.Tests.Phases;

public sealed class HandlerPaceTests
{
    private readonly HandlerPace _pace = new();

    [Fact]
    public void NewHandler_AfterEnoughQuickRuns_IsQuick()
    {
        Run(HandlerPace.QuickRunsAtFirst - 1);
        Assert.False(_pace.IsQuick);

        Run(1);
        Assert.True(_pace.IsQuick);
    }

    [Fact]
    public void NewHandler_SlowFirstRun_CountsFromThere()
    {
        _pace.Judge(HandlerPace.BlockingTicks);
        Run(HandlerPace.QuickRunsAtFirst);

        Assert.True(_pace.IsQuick);
    }

    [Fact]
    public void QuickHandler_OneSlowRunNowAndThen_StaysQuick()
    {
        Run(HandlerPace.QuickRunsAtFirst);
        for (var i = 0; i < 3; i++)
        {
            _pace.Judge(HandlerPace.BlockingTicks - 1);
            Run(HandlerPace.WatchedRuns);

            Assert.True(_pace.IsQuick);
        }
    }

    [Fact]
    public void QuickHandler_TwoSlowRunsTogether_GoesToThePool()
    {
        Run(HandlerPace.QuickRunsAtFirst);
        _pace.Judge(HandlerPace.SlowTicks);
        Run(HandlerPace.WatchedRuns - 1);
        _pace.Judge(HandlerPace.SlowTicks);

        Assert.False(_pace.IsQuick);
    }

    [Fact]
    public void QuickHandler_RunLongerThanAnyPause_GoesToThePoolAtOnceAndForLonger()
    {
        Run(HandlerPace.QuickRunsAtFirst);
        _pace.Judge(HandlerPace.BlockingTicks);
        Run(HandlerPace.QuickRunsAtFirst);
        Assert.False(_pace.IsQuick);

        Run(HandlerPace.QuickRunsAtFirst * 3);
        Assert.True(_pace.IsQuick);
    }

    private void Run(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _pace.Judge(HandlerPace.SlowTicks - 1);
        }
    }
}
