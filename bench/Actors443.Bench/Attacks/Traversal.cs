using Actors443.Bench.Servers;

namespace Actors443.Bench.Attacks;

/// <summary>Ways out of a folder of files, and to files in it that are nobody's business.</summary>
internal sealed class Traversal : Attack
{
    private const string Secret = "the-secret-of-the-folder-above";

    private static readonly string[] Targets =
    [
        "/../secret.txt", "/files/../secret.txt", "/files/../../secret.txt", "/files/./../secret.txt", "/files//../secret.txt", "/files/a/../../secret.txt",
        "/files/%2e%2e/secret.txt", "/files/%2E%2E/secret.txt", "/files/.%2e/secret.txt", "/files/%2e./secret.txt", "/files/..%2fsecret.txt", "/files/..%2Fsecret.txt", "/files/%2e%2e%2fsecret.txt",
        "/files/%252e%252e/secret.txt", "/files/%252e%252e%252fsecret.txt", "/files/..%252fsecret.txt", "/files/%25252e%25252e%25252fsecret.txt",
        "/files/..\\secret.txt", "/files/..%5csecret.txt", "/files/%2e%2e%5csecret.txt", "/files/..%255csecret.txt", "/files\\..\\secret.txt", "/files/..\\/secret.txt",
        "/files/..%c0%afsecret.txt", "/files/%c0%ae%c0%ae/secret.txt", "/files/..%e0%80%afsecret.txt", "/files/%uff0e%uff0e/secret.txt", "/files/..%u2215secret.txt", "/files/．．/secret.txt",
        "/files/..%00/secret.txt", "/files/%00/../secret.txt", "/files/../secret.txt%00.png", "/files/hello.txt%00/../../secret.txt", "/files/..;/secret.txt", "/files/..;a=b/secret.txt", "/files/../secret.txt?x", "/files/..%3fx/../secret.txt",
        "/files/....//secret.txt", "/files/...//...//secret.txt", "/files/.../secret.txt", "/files/.. /secret.txt", "/files/..%20/secret.txt", "/files/..%09/secret.txt", "/files/..%0a/secret.txt", "/files/..%0d%0a/secret.txt",
        "/files//etc/passwd", "/files/%2fetc%2fpasswd", "/files/%2f%2e%2e%2fsecret.txt", "/files//////../secret.txt", "/files/file:///etc/passwd", "/files/C:/secret.txt", "//../secret.txt", "/%2e%2e/secret.txt",
        "/files/.hidden", "/files/.git/config", "/files/%2ehidden", "/files/sub/.hidden", "/files/./.hidden", "/files/.hidden/", "/files/.hidden%00",
        "/files/../../../../../../../../../../../etc/passwd", "/files/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd", "/files/..%5c..%5c..%5c..%5cetc%5cpasswd", "/files/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "*", "secret.txt", "../secret.txt", "files/../../secret.txt", "http://localhost/files/../secret.txt", "http://localhost/files/%2e%2e/secret.txt", "https://localhost/../secret.txt",
    ];

    public override string Name => "path-traversal";

    public override TimeSpan Duration => TimeSpan.FromMinutes(1);

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        BenchSite site = scene.Site;
        await File.WriteAllTextAsync(Path.Combine(site.Root, "secret.txt"), Secret, stop);
        await File.WriteAllTextAsync(Path.Combine(site.Folder, "secret.txt"), Secret, stop);
        Directory.CreateDirectory(Path.Combine(site.Files, "sub"));
        Directory.CreateDirectory(Path.Combine(site.Files, ".git"));
        foreach (string hidden in (string[])[".hidden", "sub/.hidden", ".git/config"])
            await File.WriteAllTextAsync(Path.Combine(site.Files, hidden), Secret, stop);
        string whole = await RawHttp.SendAsync(scene.Port, Request("/files/hello.txt"));
        var faults = new List<string>();
        if (!whole.EndsWith(BenchSite.Hello, StringComparison.Ordinal))
            faults.Add("not even what is there is served");
        var details = new List<string>();
        foreach (string target in Targets)
        {
            string answer = await RawHttp.SendAsync(scene.Port, Request(target), scene.NextAddress());
            int status = RawHttp.StatusOf(answer);
            bool isOut = answer.Contains(Secret, StringComparison.Ordinal) || answer.Contains("root:", StringComparison.Ordinal);
            details.Add($"{target}: {status}");
            if (isOut)
                faults.Add($"{target} was answered with what is outside of the folder, or hidden");
            else if (status is < 300 or >= 500)
                faults.Add($"{target} was answered with {status}");
        }

        return new AttackResult($"{Targets.Length} targets: {string.Join(", ", details.GroupBy(detail => detail[^3..]).OrderBy(group => group.Key).Select(group => $"{group.Key} {group.Count()} times"))}", faults, details);
    }

    private static string Request(string target) => $"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
}
