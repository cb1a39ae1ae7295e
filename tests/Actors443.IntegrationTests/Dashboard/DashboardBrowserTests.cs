using Actors443.IntegrationTests.Cli;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Dashboard;

/// <summary>The dashboard as a real browser shows it.</summary>
public sealed class DashboardBrowserTests(DashboardBrowserTests.OneBrowser one) : IClassFixture<DashboardBrowserTests.OneBrowser>
{
    private const string Hostile = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>";

    /// <summary>Starting one takes seconds.</summary>
    public sealed class OneBrowser : IAsyncLifetime
    {
        private HeadlessBrowser? _browser;

        internal HeadlessBrowser Browser
        {
            get
            {
                Skip.If(HeadlessBrowser.Missing is not null, HeadlessBrowser.Missing);
                return _browser!;
            }
        }

        public async Task InitializeAsync()
        {
            if (HeadlessBrowser.Missing is null)
                _browser = await HeadlessBrowser.StartAsync();
        }

        public async Task DisposeAsync()
        {
            if (_browser is not null)
                await _browser.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task It_shows_a_running_server_live()
    {
        HeadlessBrowser browser = one.Browser;
        await using ServerProcess server = await ServerProcess.StartAsync();
        string token = (await File.ReadAllTextAsync(Path.Combine(server.StateDirectory, "admin-token"))).Trim();

        await browser.OpenAsync($"http://127.0.0.1:{server.AdminPort}/#token={token}");
        await browser.HasAsync(Text("live"), "live");
        await browser.HasAsync(Text("connections-now"), "0of 100,000");
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.GetAsync();

        await browser.HasAsync(Text("connections-now"), "1of 100,000");
        await browser.HasAsync("document.querySelector('#connection-rows td').textContent.startsWith('" + client.Local + "')", "true");
        await browser.HasAsync("[...document.querySelectorAll('#tree em')].map(count => count.textContent).filter(count => count.includes('ConnectionActor')).join()", "1 ConnectionActor");
        await browser.HasAsync("document.querySelector('#handshake-rows tr').textContent.startsWith('completed1.3new1')", "true");
        await browser.HasAsync("document.querySelector('#request-rows tr').textContent", "2xx1");
        await browser.HasAsync("document.querySelectorAll('#certificate-rows tr').length", "1");
        // The token does not stay where people copy addresses from.
        Assert.Equal("/", await browser.EvaluateAsync("location.href.slice(location.origin.length)"));
        await client.DisposeAsync();
        await browser.HasAsync(Text("connections-now"), "0of 100,000");
        Assert.Empty(browser.Complaints);
    }

    [SkippableFact]
    public async Task What_clients_say_is_shown_as_text_and_closing_closes()
    {
        HeadlessBrowser browser = one.Browser;
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1", name: Hostile) with { Principal = Hostile, ClientCertificate = Hostile, Ja4 = Hostile });
        admin.Control.Sites = new SiteListing(1, [new SiteReport(Hostile, [new SiteRouteReport(Hostile, "files", Hostile, null)])], []);

        await browser.OpenAsync($"http://{admin.EndPoint}/#token={admin.Token.Text}");
        await browser.HasAsync("document.querySelectorAll('#connection-rows td')[1]?.textContent.startsWith('<img src=x')", "true");
        await browser.HasAsync("document.querySelector('#site-rows td')?.textContent", Hostile);

        Assert.Equal("0", await browser.EvaluateAsync("document.querySelectorAll('main img, main script').length - document.querySelectorAll('#login img').length"));
        Assert.Equal("1 connections · Actors443", await browser.EvaluateAsync("document.title"));
        Assert.Empty(browser.Complaints);

        await browser.EvaluateAsync("document.querySelector('#connection-rows button').click()");
        await browser.HasAsync(Text("connection-rows"), "nobody is connected");
        Assert.Equal(["c-1"], admin.Control.Closed);
    }

    [SkippableFact]
    public async Task Without_the_token_there_is_the_login_alone()
    {
        HeadlessBrowser browser = one.Browser;
        await using AdminFixture admin = await AdminFixture.StartAsync();

        await browser.OpenAsync($"http://{admin.EndPoint}/");
        await browser.HasAsync("document.activeElement.id", "token");
        Assert.Equal("true,false", await browser.EvaluateAsync(Hidden));
        await browser.EvaluateAsync("(document.getElementById('token').value = 'wrong', document.getElementById('login-form').requestSubmit())");
        await browser.HasAsync(Text("login-problem"), "The server does not accept this token.");
        Assert.Equal("true,false", await browser.EvaluateAsync(Hidden));
        Assert.Equal("null", await browser.EvaluateAsync("sessionStorage.getItem('actors443.token')"));

        await browser.EvaluateAsync($"(document.getElementById('token').value = '{admin.Token.Text}', document.getElementById('login-form').requestSubmit())");
        await browser.HasAsync(Text("live"), "live");
        Assert.Equal("false,true", await browser.EvaluateAsync(Hidden));
    }

    [SkippableFact]
    public async Task It_fits_a_phone_says_why_a_filter_is_wrong_and_can_be_used_by_keyboard()
    {
        HeadlessBrowser browser = one.Browser;
        await using AdminFixture admin = await AdminFixture.StartAsync();
        admin.Control.Connections.Add(FakeServerControl.Connection("c-1", name: $"{new string('a', 63)}.{new string('b', 63)}.example"));

        await browser.OpenAsync($"http://{admin.EndPoint}/#token={admin.Token.Text}", width: 360, height: 740);
        await browser.HasAsync("document.querySelectorAll('#connection-rows button').length", "1");
        Assert.Equal("360", await browser.EvaluateAsync("document.documentElement.scrollWidth"));
        Assert.Equal("0", await browser.EvaluateAsync("[...document.querySelectorAll('button, input, select, a')].filter(each => each.tabIndex < 0 || !(each.labels?.length || each.ariaLabel || each.textContent.trim())).length"));

        await browser.EvaluateAsync("(document.getElementById('where').value = 'colour = red', document.getElementById('filter-form').requestSubmit())");
        await browser.HasAsync("document.getElementById('where-problem').textContent.includes('colour')", "true");
    }

    private const string Hidden = "[document.getElementById('app').hidden, document.getElementById('login').hidden]";

    private static string Text(string id) => $"document.getElementById('{id}')?.textContent";
}
