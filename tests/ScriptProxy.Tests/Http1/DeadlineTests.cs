using Microsoft.Extensions.Time.Testing;
using ScriptProxy.Core.Http1;

namespace ScriptProxy.Tests.Http1;

public class DeadlineTests
{
    private readonly FakeTimeProvider _time = new();
    private int _passed;

    [Fact]
    public void WhatDoesNotCome_IsToldOnceAndInTime()
    {
        using var deadline = Make();
        deadline.Expect(TimeSpan.FromSeconds(5));

        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal(0, _passed);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _passed);
        Assert.True(deadline.HasPassed);
        Assert.False(deadline.Clear());
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, _passed);
    }

    [Fact]
    public void WhatComesInTime_IsNotTold()
    {
        using var deadline = Make();
        for (var i = 0; i < 10; i++)
        {
            deadline.Expect(TimeSpan.FromSeconds(5));
            _time.Advance(TimeSpan.FromSeconds(3));
            Assert.True(deadline.Clear());
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _passed);
        deadline.Expect(TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1, _passed);
    }

    [Fact]
    public void EachStep_BeginsAnew_AShorterOneToo()
    {
        using var deadline = Make();
        deadline.Expect(TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(59));
        deadline.Expect(TimeSpan.FromSeconds(60));
        _time.Advance(TimeSpan.FromSeconds(59));
        deadline.Expect(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Equal(0, _passed);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, _passed);
    }

    [Fact]
    public void NoLimit_IsNone()
    {
        using var deadline = Make();
        deadline.Expect(TimeSpan.FromSeconds(1));
        deadline.Expect(Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, _passed);
    }

    [Fact]
    public void Disposed_ItIsNotSetAgain()
    {
        var deadline = Make();
        deadline.Dispose();
        deadline.Expect(TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, _passed);
    }

    private Deadline Make() => new(_time, () => _passed++);
}
