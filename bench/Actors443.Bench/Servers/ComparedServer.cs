using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Actors443.Server.Load.Server;

namespace Actors443.Bench.Servers;

/// <summary>One of the servers that are compared: started for a <see cref="BenchSite"/>, in a process of its own with as many as it starts.</summary>
internal abstract class ComparedServer(string name, BenchSite site) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private Process? _process;

    public string Name => name;

    /// <summary>With its version, as found out when started.</summary>
    public string Version { get; protected set; } = "";

    public int Port { get; private set; }

    /// <summary>It serves files itself.</summary>
    public virtual bool ServesFiles => true;

    /// <summary>A new certificate can be taken into use while it serves.</summary>
    public virtual bool Reloads => true;

    protected BenchSite Site => site;

    protected Process Process => _process ?? throw new InvalidOperationException($"{Name} was not started.");

    /// <summary>Null: it can be started; otherwise why not, with what to install.</summary>
    public abstract string? Missing { get; }

    public async Task StartAsync()
    {
        Port = BenchSite.FreePort();
        Version = await VersionAsync();
        _process = Launch(Port);
        long start = Stopwatch.GetTimestamp();
        while (!await ListensAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > Patience)
                throw new InvalidOperationException($"{Name} does not listen on port {Port}. It said:\n{Programs.WhatItSaid(_process)}");
            await Task.Delay(50);
        }
    }

    public ServerUsage Usage() => new ProcessProbe(Process.Id).Ask() ?? throw new InvalidOperationException($"{Name} has ended.");

    /// <summary>Takes the site's new certificate into use.</summary>
    public abstract Task ReloadAsync();

    public void Dispose()
    {
        if (_process is not null)
            Programs.Stop(_process);
        _process = null;
    }

    protected abstract Task<string> VersionAsync();

    protected abstract Process Launch(int port);

    private async Task<bool> ListensAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
