using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration.Reading;
using Actors443.Identities;
using Actors443.Server.Admin;

namespace Actors443.Server.Cli;

/// <summary><c>actors443 revoke</c>: who may not come in any more; and cuts what is open of them, on all nodes.</summary>
internal static class RevokeCommand
{
    public static (Command Command, string Notes) Create(CommandEnvironment environment)
    {
        var command = new Command("revoke", "Revoke a client certificate, an account, a token or a principal: cut what is open of it on every node of the cluster, and let nobody in by it.");
        var undo = new Command("undo", "Take a revocation back.");
        foreach (IdentityKind kind in (ReadOnlySpan<IdentityKind>)[IdentityKind.Certificate, IdentityKind.Account, IdentityKind.Token, IdentityKind.Principal])
        {
            command.Add(CreateOne(environment, kind, undo: false));
            undo.Add(CreateOne(environment, kind, undo: true));
        }

        command.Add(CreateList(environment));
        command.Add(undo);
        return (command, """
            It holds until it is taken back, after a restart and for nodes that come later, too.

            Examples:
              actors443 revoke certificate client.pem site.conf --reason 'laptop lost'
              actors443 revoke certificate client.pem --key site.conf      every certificate over its key
              actors443 revoke certificate sha256:9f86… site.conf
              actors443 revoke account alice site.conf
              actors443 revoke token file:token site.conf                  or sha256:…, as token-hash has it
              actors443 revoke principal alice site.conf                   as the application names her
              actors443 revoke list site.conf
              actors443 revoke undo account alice site.conf
            """);
    }

    private static Command CreateOne(CommandEnvironment environment, IdentityKind kind, bool undo)
    {
        var source = new SettingsSource();
        (string name, string description) = kind switch
        {
            IdentityKind.Certificate => ("CERTIFICATE", "A PEM file, or the certificate's fingerprint: sha256: and 64 hexadecimal digits."),
            IdentityKind.Account => ("NAME", "Of the account, as in tunnels.accounts."),
            IdentityKind.Token => ("TOKEN", "Its hash as in token-hash: sha256: and 64 hexadecimal digits; or file:PATH, env:NAME of the token itself."),
            _ => ("NAME", "As the application names it, and 'conns' shows it."),
        };
        var value = new Argument<string>(name) { Description = description };
        var key = new Option<bool>("--key") { Description = "Not this certificate alone: every one over its key. A fingerprint is then the SHA-256 of its SubjectPublicKeyInfo." };
        var reason = new Option<string?>("--reason") { Description = "Why, for lists and obituaries; the client is not told.", HelpName = "text" };
        var json = JsonOption.Create();
        var command = new Command(SettingsValueTypes.NameOf(kind), (undo ? "Let in again: " : "Revoke ") + (kind switch
        {
            IdentityKind.Certificate => "a client certificate.",
            IdentityKind.Account => "an account for tunnels.",
            IdentityKind.Token => "a token of an account.",
            _ => "whoever the application calls so.",
        }))
        {
            value,
        };
        if (kind == IdentityKind.Certificate)
            command.Add(key);
        if (!undo)
            command.Add(reason);
        command.Add(json);
        source.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!undo && result.GetValue(reason)?.Length > Revocations.LongestReason)
                result.AddError($"--reason has more than {Revocations.LongestReason} characters; shorten it");
        });
        command.SetAction((arguments, cancellationToken) =>
        {
            if (Read(kind, arguments.GetValue(value)!, kind == IdentityKind.Certificate && arguments.GetValue(key), out string? problem) is not { } identity)
            {
                environment.Console.WriteError($"actors443: {problem}");
                return Task.FromResult(ExitCode.BadUsage);
            }

            return AdminCommand.AskAsync(source, arguments, environment, async client => Write(
                environment.Console,
                identity,
                undo ? await client.UndoRevocationAsync(identity, cancellationToken) : await client.RevokeAsync(identity, arguments.GetValue(reason), cancellationToken),
                undo,
                arguments.GetValue(json)));
        });
        return command;
    }

    private static Command CreateList(CommandEnvironment environment)
    {
        var source = new SettingsSource();
        var json = JsonOption.Create();
        var command = new Command("list", "List who is revoked.") { json };
        source.AddTo(command);
        command.SetAction((arguments, cancellationToken) => AdminCommand.AskAsync(source, arguments, environment, async client =>
        {
            RevokedReport[] revoked = await client.ListRevokedAsync(cancellationToken);
            if (arguments.GetValue(json))
                environment.Console.WriteJson(revoked);
            else
                Write(environment.Console, revoked);
        }));
        return command;
    }

    /// <summary>Who is meant; null with a sentence that says what to write instead.</summary>
    internal static Identity? Read(IdentityKind kind, string value, bool byKey, out string? problem)
    {
        try
        {
            problem = null;
            if (kind == IdentityKind.Token && (value.StartsWith("file:", StringComparison.Ordinal) || value.StartsWith("env:", StringComparison.Ordinal)))
                return Identity.Token(Secret.Resolve(value)!);
            if (kind == IdentityKind.Certificate && !value.StartsWith("sha256:", StringComparison.OrdinalIgnoreCase))
            {
                using X509Certificate2 certificate = X509Certificate2.CreateFromPem(File.ReadAllText(value));
                return byKey ? Identity.CertificateKey(certificate) : Identity.Certificate(certificate);
            }

            return Identity.Parse(byKey ? IdentityKind.CertificateKey : kind, value);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            problem = $"'{value}' is no readable PEM file with a certificate ({cause.Message.TrimEnd('.')}); name one, or write sha256: and the 64 hexadecimal digits of its fingerprint";
        }
        catch (CertificateException cause)
        {
            problem = cause.Message.Replace("password = ", "TOKEN = ", StringComparison.Ordinal);
        }
        catch (FormatException cause)
        {
            problem = cause.Message;
        }

        return null;
    }

    private static void Write(CommandConsole console, Identity identity, RevocationReport report, bool undo, bool json)
    {
        if (json)
        {
            console.WriteJson(report);
            return;
        }

        console.Output.WriteLine(undo ? $"{identity} is not revoked any more" : $"{identity} is revoked: {report.Connections} connections and {report.Tunnels} tunnels cut");
        foreach (NodeRevocation node in report.Nodes)
        {
            if (node.Node is not null && !undo)
                console.Output.WriteLine($"  {node.Node}  {node.Connections} connections, {node.Tunnels} tunnels");
            if (node.Problem is not null)
                console.WriteError($"{node.Node ?? "the server"}: {node.Problem}");
        }

        foreach (string node in report.Silent)
            console.WriteError($"{node} did not answer; it follows as soon as it can be reached");
    }

    private static void Write(CommandConsole console, RevokedReport[] revoked)
    {
        TextTable table = new TextTable().Left("KIND").Wrapping("WHO").Left("SINCE").Left("REASON");
        foreach (RevokedReport one in revoked)
            table.Add(SettingsValueTypes.NameOf(one.Kind), one.Id, one.Since.ToString("u", System.Globalization.CultureInfo.InvariantCulture), one.Reason ?? "-");
        if (revoked.Length > 0)
            table.Write(console);
        if (console.IsTerminal || revoked.Length == 0)
            console.Output.WriteLine(revoked.Length == 0 ? "nobody is revoked" : $"{revoked.Length} revoked");
    }
}
