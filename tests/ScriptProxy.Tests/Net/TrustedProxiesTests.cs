using System.Net;
using CsCheck;
using ScriptProxy.Core.Net;

namespace ScriptProxy.Tests.Net;

public sealed class TrustedProxiesTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.0.0.0/8", "::10.1.2.3", false)]
    [InlineData(" 192.0.2.7 ", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.6", false)]
    [InlineData("192.0.2.7/32", "192.0.2.7", true)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::/0", "203.0.113.9", false)]
    [InlineData("fd00::/8", "fdff::1", true)]
    [InlineData("fd00::/8", "fe00::1", false)]
    [InlineData("::1", "::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:7fff::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::1", false)]
    [InlineData("::ffff:10.0.0.0/104", "10.2.3.4", true)]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1", true)]
    [InlineData("unix:", "10.0.0.1", false)]
    public void Contains_Address_FollowsTheNetwork(string text, string address, bool expected)
        => Assert.Equal(expected, TrustedProxies.Parse([text]).Contains(IPAddress.Parse(address)));

    [Fact]
    public void Contains_UnixSocketPeer_OnlyWhereNamed()
    {
        Assert.True(TrustedProxies.Parse(["10.0.0.0/8", "unix:"]).Contains(null));
        Assert.False(TrustedProxies.Parse(["0.0.0.0/0", "::/0"]).Contains(null));
        Assert.False(TrustedProxies.None.Contains(IPAddress.Loopback));
        Assert.True(TrustedProxies.Parse([]).IsEmpty);
    }

    [Theory]
    [InlineData("", "\"\" is no trusted proxy")]
    [InlineData("localhost", "\"localhost\" is no trusted proxy")]
    [InlineData("10", "is no trusted proxy")]
    [InlineData("10.0.0", "is no trusted proxy")]
    [InlineData("010.0.0.1", "is no trusted proxy")]
    [InlineData("10.0.0.256", "is no trusted proxy")]
    [InlineData("0x0a.0.0.1", "is no trusted proxy")]
    [InlineData("[::1]", "is no trusted proxy")]
    [InlineData("10.0.0.1:80", "is no trusted proxy")]
    [InlineData("10.0.0.0/33", "\"10.0.0.0/33\" is no trusted network: the number after the slash goes from 0 to 32")]
    [InlineData("10.0.0.0/-1", "goes from 0 to 32")]
    [InlineData("10.0.0.0/", "goes from 0 to 32")]
    [InlineData("10.0.0.0/8/8", "goes from 0 to 32")]
    [InlineData("fd00::/129", "goes from 0 to 128")]
    [InlineData("::ffff:10.0.0.0/8", "goes from 96 to 128")]
    [InlineData("10.0.0.1/8", "write 10.0.0.0/8 for the network or 10.0.0.1 for the one address")]
    [InlineData("fd00::1/8", "write fd00::/8 for the network")]
    public void Parse_BadText_SaysWhatIsWrong(string text, string message)
        => Assert.Contains(message, Assert.Throws<FormatException>(() => TrustedProxies.Parse([text])).Message);

    [Fact]
    public void Contains_AnyAddressAndPrefix_AgreesWithTheFramework()
        => Gen.Select(Gen.Byte.Array[4, 16].Where(b => b.Length is 4 or 16), Gen.Byte.Array[16], Gen.Int[0, 128], Gen.Bool).Sample((bytes, noise, prefix, near) =>
        {
            prefix = Math.Min(prefix, bytes.Length * 8);
            byte[] masked = [.. bytes];
            for (int bit = prefix; bit < bytes.Length * 8; bit++)
                masked[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            var network = new IPNetwork(new IPAddress(masked), prefix);
            byte[] other = near ? [.. masked] : noise[..bytes.Length];
            if (near)
                other[^1] ^= noise[0];
            var address = new IPAddress(other);

            Assert.Equal(network.Contains(address), TrustedProxies.Parse([network.ToString()]).Contains(address));
        });

    [Fact]
    public void Parse_Garbage_ThrowsNothingElse()
        => Gen.String[Gen.Char["0123456789abcdefx:./[]% unix-"], 0, 24].Sample(text =>
        {
            try
            {
                TrustedProxies.Parse([text]);
            }
            catch (FormatException)
            {
                // The one exception that is promised.
            }
        });
}
