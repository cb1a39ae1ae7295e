using Actors443.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary><c>requests</c>, good and bad.</summary>
public sealed class RequestSettingsSpecs : SettingsFixture
{
    [Fact]
    public void A_route_has_what_all_have_but_for_what_it_says()
    {
        RequestSettings requests = Good("""
            actors443.requests {
              supervision { on-failure = quarantine, failures = 7, time = 5s, at-once = 100 }
              routes { "/orders/{id}" { on-failure = close-connection, time = off, memory = 1MiB } }
            }
            """).Core.Requests;

        RouteSupervisionSettings route = requests.Routes["/orders/{id}"];
        Assert.Equal((RouteFailure.CloseConnection, 7, null, 1024 * 1024, 100), (route.OnFailure, route.Failures, route.Time, route.Memory, route.AtOnce));
        Assert.Equal((RouteFailure.Quarantine, TimeSpan.FromSeconds(5), null), (requests.Supervision.OnFailure, requests.Supervision.Time, requests.Supervision.Memory));
    }

    [Theory]
    [InlineData("supervision.on-failure = quarantaine", "test.conf:1: actors443.requests.supervision.on-failure: 'quarantaine' is not one of resume, stop-stream, close-connection, quarantine; did you mean 'quarantine'?")]
    [InlineData("supervision { back-off = 10s, longest-back-off = 1s }", "test.conf:1: actors443.requests.supervision.longest-back-off: is shorter than back-off; write as much or more")]
    [InlineData("supervision.at-once = 0", "test.conf:1: actors443.requests.supervision.at-once: 0 is out of range; write a whole number from 1 to 10000000")]
    [InlineData("""routes { "/x" = quarantine }""", """test.conf:1: actors443.requests.routes."/x": 'quarantine' where a section belongs; write /x { on-failure = quarantine }""")]
    [InlineData("""routes { "/x" { failuers = 3 } }""", """test.conf:1: unknown key 'actors443.requests.routes."/x".failuers'; did you mean 'failures'?""")]
    public void What_is_wrong_is_said_with_its_fix(string requests, string problem) =>
        Assert.Contains(problem, Problems($$"""actors443 { requests { {{requests}} } }"""));
}
