using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;

namespace Actors443.Testing;

/// <summary>Chromium without a window, told what to do by its DevTools protocol. Not thread-safe.</summary>
public sealed class HeadlessBrowser : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly TemporaryFolder _profile;
    private readonly ClientWebSocket _tools = new();
    private readonly List<string> _complaints = [];
    private int _asked;

    private HeadlessBrowser(Process process, TemporaryFolder profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Null: it can be started; else what to install.</summary>
    public static string? Missing => File.Exists(Program) ? null : "chromium is missing: apt install chromium";

    /// <summary>Errors of the console and of scripts since the page was opened.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>Starts one with a profile of its own.</summary>
    public static async Task<HeadlessBrowser> StartAsync()
    {
        var profile = new TemporaryFolder();
        var start = new ProcessStartInfo(Program);
        foreach (string argument in (string[])
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--ignore-certificate-errors", "--remote-debugging-port=0", $"--user-data-dir={profile.Path}", "about:blank",
        ])
            start.ArgumentList.Add(argument);
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        var browser = new HeadlessBrowser(Process.Start(start)!, profile);
        try
        {
            await browser.ConnectAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens an address in its one page, of so many pixels.</summary>
    public async Task OpenAsync(string address, int width = 1280, int height = 900)
    {
        await AskAsync("Emulation.setDeviceMetricsOverride", new { width, height, deviceScaleFactor = 1, mobile = width < 600 });
        // Else an address that differs after the # alone would not be loaded.
        await AskAsync("Page.navigate", new { url = "about:blank" });
        _complaints.Clear();
        await AskAsync("Page.navigate", new { url = address });
    }

    /// <summary>What an expression comes to in the page, as text.</summary>
    public async Task<string> EvaluateAsync(string expression)
    {
        JsonElement answer = await AskAsync("Runtime.evaluate", new { expression = $"String({expression})", returnByValue = true });
        return answer.GetProperty("result").TryGetProperty("value", out JsonElement value) ? value.GetString() ?? "" : answer.ToString();
    }

    /// <summary>Waits until an expression comes to this.</summary>
    public Task HasAsync(string expression, string value) => Eventually.HoldsAsync(async () => await EvaluateAsync(expression) == value, $"{expression} is '{value}'", Patience);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _tools.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        // Its children may still be writing there.
        await Eventually.HoldsAsync(
            () =>
            {
                try
                {
                    _profile.Dispose();
                    return true;
                }
                catch (IOException)
                {
                    return false;
                }
            },
            "the profile can be deleted",
            Patience);
    }

    private async Task ConnectAsync()
    {
        // Nobody reads them, and full pipes would hold it up.
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        string file = Path.Combine(_profile.Path, "DevToolsActivePort");
        await Eventually.HoldsAsync(() => File.Exists(file) && File.ReadAllLines(file).Length == 2, "Chromium says its port", Patience);
        using var http = new HttpClient();
        JsonElement page = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                using JsonDocument targets = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{File.ReadAllLines(file)[0]}/json")));
                page = targets.RootElement.EnumerateArray().FirstOrDefault(target => target.GetProperty("type").GetString() == "page").Clone();
                return page.ValueKind == JsonValueKind.Object;
            },
            "Chromium has a page",
            Patience);
        await _tools.ConnectAsync(new Uri(page.GetProperty("webSocketDebuggerUrl").GetString()!), CancellationToken.None);
        foreach (string part in (string[])["Page", "Runtime", "Log"])
            await AskAsync($"{part}.enable", new { });
    }

    private async Task<JsonElement> AskAsync(string method, object parameters)
    {
        using var patience = new CancellationTokenSource(Patience);
        int id = ++_asked;
        await _tools.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { id, method, @params = parameters }), WebSocketMessageType.Text, true, patience.Token);
        while (true)
        {
            JsonElement message = await ReadAsync(patience.Token);
            if (!message.TryGetProperty("id", out JsonElement answered))
                Note(message);
            else if (answered.GetInt32() == id)
                return message.TryGetProperty("result", out JsonElement result) ? result : throw new InvalidOperationException($"{method}: {message}");
        }
    }

    private async Task<JsonElement> ReadAsync(CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _tools.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            whole.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        using JsonDocument message = JsonDocument.Parse(whole.ToArray());
        return message.RootElement.Clone();
    }

    private void Note(JsonElement message)
    {
        switch (message.GetProperty("method").GetString())
        {
            case "Log.entryAdded" when message.GetProperty("params").GetProperty("entry").GetProperty("level").GetString() == "error":
            case "Runtime.exceptionThrown":
                _complaints.Add(message.ToString());
                break;
        }
    }
}
