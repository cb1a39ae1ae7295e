using Actors443.Acme.Orders;
using Actors443.Acme.Protocol;
using Actors443.Acme.State;
using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.Tests.Acme;

/// <summary>What orders keep, and what they decide by it.</summary>
public sealed class OrderStateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    private readonly TemporaryFolder _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public void A_budget_is_of_any_window_and_outlives_a_restart()
    {
        string path = Path.Combine(_state.Path, "orders.json");
        var window = TimeSpan.FromHours(3);
        var budget = new OrderBudget(path, 2, window);

        Assert.Null(budget.TrySpend(Now));
        Assert.Null(budget.TrySpend(Now.AddHours(1)));
        Assert.Equal(Now + window, budget.TrySpend(Now.AddHours(2)));

        budget = new OrderBudget(path, 2, window);
        Assert.Equal(Now + window, budget.TrySpend(Now.AddHours(2)));
        Assert.Null(budget.TrySpend(Now + window));
        Assert.Equal(Now.AddHours(1) + window, budget.TrySpend(Now + window));
    }

    [Fact]
    public void A_budget_that_cannot_be_read_begins_anew()
    {
        string path = _state.Write("orders.json", "[ \"2026-");

        Assert.Null(new OrderBudget(path, 1, TimeSpan.FromHours(1)).TrySpend(Now));
    }

    [Fact]
    public void Orders_said_to_be_in_the_future_do_not_count()
    {
        string path = Path.Combine(_state.Path, "orders.json");
        Assert.Null(new OrderBudget(path, 1, TimeSpan.FromHours(1)).TrySpend(Now.AddYears(5)));

        Assert.Null(new OrderBudget(path, 1, TimeSpan.FromHours(1)).TrySpend(Now));
    }

    [Theory]
    [InlineData("site.test", null, "", "tls-alpn-01")]
    [InlineData("site.test", "http-01", "", "http-01")]
    [InlineData("site.test", "http-01", "http-01", "tls-alpn-01")]
    [InlineData("site.test", null, "tls-alpn-01 http-01", "dns-01")]
    [InlineData("site.test", null, "tls-alpn-01 http-01 dns-01", null)]
    [InlineData("*.site.test", null, "", "dns-01")]
    [InlineData("*.site.test", null, "dns-01", null)]
    [InlineData("127.0.0.1", null, "tls-alpn-01 http-01", null)]
    public void What_worked_is_tried_first_and_what_failed_not_again(string name, string? worked, string failed, string? expected) =>
        Assert.Equal(expected, ChallengeResponder.Choose(AcmeIdentifier.Parse(name), AcmeChallengeType.All, worked, failed.Split(' '), _ => true));

    [Fact]
    public void A_record_comes_back_as_it_was_kept()
    {
        var folder = new NameSetFolder(_state.Path, ["www.site.test", "*.site.test"]);
        OrderRecord record = new OrderRecord
        {
            Names = folder.Names,
            Step = OrderStep.Finalizing,
            Issuer = "lets-encrypt",
            Order = new Uri("https://ca.test/order/1"),
            OrderedGeneration = 3,
            Failures = 2,
            NextAttempt = Now,
            NotBefore = new Dictionary<string, DateTimeOffset> { ["other"] = Now },
            Worked = new Dictionary<string, string> { ["www.site.test"] = "http-01" },
            Failed = new Dictionary<string, IReadOnlyList<string>> { ["www.site.test"] = ["tls-alpn-01"] },
            DnsRecords = [new("site.test", "_acme-challenge.site.test", "value")],
            Window = new RenewalWindow(Now, Now.AddDays(1)),
        }.Told(Now, "It was begun.");
        folder.Save(record);

        OrderRecord read = new NameSetFolder(_state.Path, folder.Names).Load(out string? problem);

        Assert.Null(problem);
        Assert.Equivalent(record, read, strict: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{ \"names\": [\"a\"], \"story\": null }")]
    [InlineData("{ \"names\": [\"a\"], \"step\": \"Dancing\" }")]
    public void A_record_that_cannot_be_used_is_a_new_one(string content)
    {
        var folder = new NameSetFolder(_state.Path, ["site.test"]);
        _state.Write(Path.Combine("acme", "certificates", folder.Id, "order.json"), content);

        OrderRecord read = folder.Load(out _);

        Assert.Equal(OrderStep.None, read.Step);
        Assert.Empty(read.Story);
        Assert.Equal(["site.test"], read.Names);
    }

    [Fact]
    public void The_newest_certificate_that_holds_is_served_and_two_are_kept()
    {
        using var root = new TestCertificates();
        var folder = new NameSetFolder(_state.Path, ["site.test"]);
        string place = Path.Combine("acme", "certificates", folder.Id);
        TestCertificate[] generations = [.. Enumerable.Range(1, 3).Select(_ => root.Issue("site.test"))];
        for (int i = 0; i < generations.Length; i++)
        {
            _state.Write(Path.Combine(place, $"{i + 1}.pem"), generations[i].ChainPem);
            _state.Write(Path.Combine(place, $"{i + 1}.key"), generations[i].KeyPem);
        }

        _state.Write(Path.Combine(place, "4.key"), "-----BEGIN PRIVATE KEY-----");
        _state.Write(Path.Combine(place, "3.pem"), generations[2].ChainPem[..100]);
        var problems = new List<string>();

        (ServerCertificate served, long generation) = folder.LoadNewest(root.Now, problems)!.Value;

        Assert.Equal((2, generations[1].Thumbprint), (generation, served.Thumbprint));
        Assert.Contains("3.pem", Assert.Single(problems), StringComparison.Ordinal);
        Assert.Equal(5, folder.NextGeneration());
        Assert.Null(folder.LoadKey(4));
        folder.Prune(2);
        Assert.Equal(["1.key", "1.pem", "2.key", "2.pem"], Directory.GetFiles(Path.Combine(_state.Path, place)).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Sets_of_the_same_names_in_any_order_are_one()
    {
        Assert.Equal(NameSetFolder.IdOf(["a.test", "b.test"]), NameSetFolder.IdOf(["B.test", "a.test"]));
        Assert.NotEqual(NameSetFolder.IdOf(["a.test"]), NameSetFolder.IdOf(["a.test", "b.test"]));
        Assert.DoesNotContain('/', NameSetFolder.FileName("../../etc"));
        Assert.StartsWith("_.a.test-", NameSetFolder.IdOf(["*.a.test"]), StringComparison.Ordinal);
    }
}
