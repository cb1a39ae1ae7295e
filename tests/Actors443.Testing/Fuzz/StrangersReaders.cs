using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;
using Actors443.Certificates.Revocation;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Connections.Directory;
using Actors443.Engine;
using Actors443.Engine.Http2;
using Actors443.Listening;
using Actors443.ProxyProtocol;
using Actors443.Remoting;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Tls;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Sessions;
using Actors443.Tunnels.Targets;

namespace Actors443.Testing.Fuzz;

/// <summary>One reader of bytes that somebody else wrote, and what is in <c>tests/corpus</c> for it.</summary>
/// <param name="Name">A folder of the corpus.</param>
/// <param name="Read">True: they were good. Throws where they are neither read nor refused, or where what was read is not as it must be.</param>
internal sealed record StrangersReader(string Name, Func<byte[], bool> Read)
{
    private static readonly DateTimeOffset Now = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>All but DNS, which has a corpus of its own kind.</summary>
    public static IReadOnlyList<StrangersReader> All { get; } =
    [
        new("client-hellos", bytes => ReadHello(bytes)),
        new("proxy", ReadProxyHeader),
        new("capsules", ReadCapsules),
        new("session-frames", ReadSessionFrames),
        new("http2-frames", ReadHttp2Frames),
        new("remoting-frames", ReadRemotingFrames),
        new("websocket-frames", ReadWebSocketFrames),
        new("targets", ReadTarget),
        new("filters", bytes => ConnectionFilter.TryParse(Text(bytes), out _, out _)),
        new("hocon", ReadSettings),
        new("certificates", ReadCertificate),
        new("lists", ReadRevocationList),
    ];

    /// <summary>What its corpus has.</summary>
    public byte[][] Corpus() => [.. Directory.GetFiles(Path.Combine(Repository.Folder, "tests", "corpus", Name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static void Require(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException(what);
    }

    private static bool ReadHello(byte[] bytes)
    {
        ClientHelloStatus status = ClientHelloReader.TryRead(new ReadOnlySequence<byte>(bytes), out ClientHello? hello);
        Require(status == ClientHelloStatus.Complete == hello is not null, "a hello without being complete, or the other way round");
        return hello is not null;
    }

    private static bool ReadProxyHeader(byte[] bytes)
    {
        ProxyHeaderStatus status = ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out int length, out string? problem);
        Require(length >= 0 && (header is null || length <= bytes.Length), "longer than what came");
        Require(header is null || problem is null, "good and bad at once");
        return header is not null && status.ToString().Length > 0;
    }

    private static bool ReadCapsules(byte[] bytes)
    {
        var reader = new CapsuleReader();
        bool any = false;
        try
        {
            // In two parts, as a stream brings them.
            foreach (ReadOnlyMemory<byte> part in (ReadOnlyMemory<byte>[])[bytes.AsMemory(0, bytes.Length / 2), bytes.AsMemory(bytes.Length / 2)])
            {
                ReadOnlyMemory<byte> rest = part;
                while (reader.TryRead(ref rest, out ReadOnlyMemory<byte> payload))
                {
                    any = true;
                    Require(payload.Length <= CapsuleReader.LargestPayload, "larger than any packet");
                }
            }

            return any;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool ReadSessionFrames(byte[] bytes)
    {
        var rest = new ReadOnlySequence<byte>(bytes);
        bool any = false;
        try
        {
            while (SessionFrame.TryRead(ref rest, out _, out ReadOnlySequence<byte> payload))
            {
                any = true;
                Require(payload.Length <= SessionFrame.LongestData, "longer than a frame may be");
            }

            return any;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private static bool ReadHttp2Frames(byte[] bytes)
    {
        var whole = new Http2Frames(new Nobody(), new HttpLimitSettings());
        var cut = new Http2Frames(new Nobody(), new HttpLimitSettings());
        whole.Say(bytes);
        string? first = whole.Hear(bytes);
        string? second = null;
        for (int at = 0; at < bytes.Length; at++)
            cut.Say(bytes.AsSpan(at, 1));
        for (int at = 0; at < bytes.Length && second is null; at++)
            second = cut.Hear(bytes.AsSpan(at, 1));
        Require(first == second, "what is found depends on where the bytes are cut");
        return first is null;
    }

    private static bool ReadRemotingFrames(byte[] bytes)
    {
        List<string> whole = RemotingFrames(bytes, bytes.Length);
        List<string> cut = RemotingFrames(bytes, 1);
        Require(whole.SequenceEqual(cut), "what is found depends on where the bytes are cut");
        return whole.Count > 0 && whole[^1] != "bad";
    }

    private static List<string> RemotingFrames(byte[] bytes, int piece)
    {
        var reader = new Remoting.Frames.FrameReader(64 * 1024) { TakesMessages = true };
        var found = new List<string>();
        for (int at = 0; at < bytes.Length; at += piece)
        {
            var rest = new ReadOnlySequence<byte>(bytes.AsMemory(at, Math.Min(piece, bytes.Length - at)));
            FrameStatus status;
            while ((status = reader.TryRead(ref rest, out Frame frame)) == FrameStatus.Complete)
                found.Add(frame.IsControl ? ReadControl(frame.Body) : ReadHandshake(frame.Body));
            if (status != FrameStatus.Bad)
                continue;
            Require(reader.Problem is not null, "bad, and it is not said why");
            return [.. found, "bad"];
        }

        return found;
    }

    private static string ReadControl(byte[] body)
    {
        if (!ControlFrame.TryDecode(body, out ControlFrame? said))
            return "unreadable";
        Require(ControlFrame.TryDecode(said.Encode().AsSpan(Frame.HeaderLength), out ControlFrame? again) && again.Kind == said.Kind, "what was read cannot be said again");
        return $"{said.Kind} {said.Texts.Count} {PeerAddress.TryParse(said.TextAt(1), out _)}";
    }

    private static string ReadHandshake(byte[] body)
    {
        try
        {
            HandshakePdu.Check(body, new PeerAddress("embedded", "127.0.0.1", 2552), RemotingProtocol.Scheme);
            return "handshake";
        }
        catch (InvalidDataException refusal)
        {
            return refusal.Message;
        }
    }

    private static bool ReadWebSocketFrames(byte[] bytes)
    {
        WebSocketFrames frames = default;
        for (int at = 0; at < bytes.Length;)
        {
            int passed = frames.PassFrame(bytes.AsSpan(at));
            Require(passed > 0 && passed <= bytes.Length - at, "no byte, or more than came");
            at += passed;
        }

        return frames.IsBetween;
    }

    private static bool ReadTarget(byte[] bytes)
    {
        string text = Text(bytes);
        _ = HostHeader.Parse(text);
        return TunnelTarget.Parse(text) is not null;
    }

    private static bool ReadSettings(byte[] bytes)
    {
        LoadedSettings loaded = ServerSettingsLoader.LoadTexts([new HoconText("any.conf", Text(bytes))], [], static name => name == "SECONDS" ? "5" : null, out _);
        Require(loaded.Settings is not null != loaded.Errors.Any(), "neither settings nor what is wrong with them");
        return loaded.Settings is not null;
    }

    private static bool ReadCertificate(byte[] bytes)
    {
        string file = Path.Combine(Path.GetTempPath(), $"actors443-fuzz-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");
        try
        {
            File.WriteAllBytes(file, bytes);
            // A key that others can read is refused.
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            bool good = false;
            foreach (CertificateFileSettings files in (CertificateFileSettings[])[new() { Chain = file }, new() { Chain = file, Password = "x" }, new() { Pfx = file }])
            {
                try
                {
                    _ = CertificateLoader.Load(files, Now);
                    good = true;
                }
                catch (CertificateException cause)
                {
                    Require(cause.Message.Length > 0, "refused without a word");
                }
            }

            return good;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static bool ReadRevocationList(byte[] bytes)
    {
        try
        {
            return CertificateRevocationList.Read(bytes).Count > 0;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Whose frames are counted.</summary>
    private sealed class Nobody() : EngineConnection("fuzz", new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.Loopback, 2), new MonotonicClock(TimeProvider.System))
    {
        public override void RequestClose()
        {
        }

        protected override void AbortTransport()
        {
        }
    }
}
