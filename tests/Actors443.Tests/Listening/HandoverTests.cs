using System.Net;
using Actors443.Listening.Handover;
using Actors443.Server.Hosting.Upgrades;
using Actors443.Tls;

namespace Actors443.Tests.Listening;

public sealed class HandoverTests
{
    private static readonly IPEndPoint Https = new(IPAddress.IPv6Any, 443);

    [Fact]
    public void A_listener_takes_the_sockets_of_its_address_once()
    {
        var sockets = new InheritedSockets([new(1001, "https-443 [::]:443", Https), new(1002, "https-443 [::]:443", Https), new(1003, "http-80 [::]:80", new(IPAddress.IPv6Any, 80))]);

        Assert.Equal([1001, 1002], sockets.Take("https-443 [::]:443", Https));
        Assert.Empty(sockets.Take("https-443 [::]:443", Https));
    }

    [Fact]
    public void Another_address_of_the_same_port_is_not_taken()
    {
        var sockets = new InheritedSockets([new(1001, "", Https)]);

        Assert.Empty(sockets.Take("https-443 0.0.0.0:443", new IPEndPoint(IPAddress.Any, 443)));
        Assert.Equal([1001], sockets.Take("https-443 [::]:443", Https));
    }

    [Fact]
    public void Any_free_port_is_the_one_that_the_same_listener_had()
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        var sockets = new InheritedSockets([new(1001, "http-0 127.0.0.1:0", new(IPAddress.Loopback, 40001)), new(1002, "https-0 127.0.0.1:0", new(IPAddress.Loopback, 40002))]);

        Assert.Equal([1002], sockets.Take("https-0 127.0.0.1:0", any));
    }

    [Fact]
    public async Task Ticket_keys_arrive_as_they_were_sent()
    {
        DateTimeOffset due = new(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        TicketKey[] keys = [TicketKey.Random(), TicketKey.Random(), TicketKey.Random()];
        using var line = new MemoryStream();

        await new Legacy(keys, due).WriteAsync(line, CancellationToken.None);
        line.Position = 0;
        Legacy arrived = await Legacy.ReadAsync(line, CancellationToken.None);

        Assert.Equal(due, arrived.RotateAt);
        Assert.Equal(keys.Select(Bytes), arrived.Keys.Select(Bytes));
    }

    [Fact]
    public async Task A_legacy_of_another_version_or_cut_short_is_refused()
    {
        using var other = new MemoryStream([9, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.Contains("form 9", (await Assert.ThrowsAsync<IOException>(() => Legacy.ReadAsync(other, CancellationToken.None))).Message, StringComparison.Ordinal);

        using var cut = new MemoryStream([1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 3]);
        await Assert.ThrowsAsync<EndOfStreamException>(() => Legacy.ReadAsync(cut, CancellationToken.None));
    }

    [Fact]
    public void The_new_process_is_started_with_the_same_words()
    {
        OwnCommand command = OwnCommand.Of("/bin/sh\0run\0site.conf\0--set\0a=b c\0", path: "");

        Assert.Equal(("/bin/sh", "run|site.conf|--set|a=b c"), (command.Program, string.Join('|', command.Arguments)));
    }

    [Fact]
    public void A_program_without_a_folder_is_looked_for_in_the_path() =>
        Assert.Equal("/bin/sh", OwnCommand.Of("sh\0", path: "/nowhere:/bin").Program);

    [Theory]
    [InlineData("/nowhere/actors443\0run\0")]
    [InlineData("actors443-that-is-gone\0run\0")]
    public void A_program_that_is_gone_is_named(string words)
    {
        UpgradeException problem = Assert.Throws<UpgradeException>(() => OwnCommand.Of(words, path: "/bin"));

        Assert.StartsWith("there is no program ", problem.Message, StringComparison.Ordinal);
        Assert.EndsWith(" any more; install it, then upgrade", problem.Message, StringComparison.Ordinal);
    }

    private static string Bytes(TicketKey key)
    {
        byte[] bytes = new byte[TicketKey.Length];
        key.CopyTo(bytes);
        return Convert.ToHexString(bytes);
    }
}
