using System.Globalization;
using Actors443.Certificates;

namespace Actors443.Server.Cli.Doctor;

/// <summary>Is there a good certificate for everything, and for how long?</summary>
internal static class CertificateChecks
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    /// <param name="problems">What is configured and cannot be served.</param>
    /// <param name="certificates">What is served, or would be.</param>
    /// <param name="now">Wall-clock time.</param>
    public static IEnumerable<Finding> Look(IReadOnlyList<string> problems, IReadOnlyList<CertificateInfo> certificates, DateTimeOffset now)
    {
        foreach (string problem in problems)
            yield return Split(problem);
        foreach (CertificateInfo certificate in certificates)
        {
            string what = $"{string.Join(", ", certificate.Names.Take(3))} ({certificate.Source})";
            if (certificate.NotBefore > now)
                yield return Finding.Problem("certificates", $"{what} is not valid before {Day(certificate.NotBefore)}", "is the clock right? Else wait, or put the one before it back");
            else if (certificate.NotAfter <= now)
                yield return Finding.Problem("certificates", $"{what} has expired on {Day(certificate.NotAfter)}", "renew it; with certificate = acme that is done for you (actors443 certs why NAME)");
            else if (certificate.NotAfter - now < Soon && certificate.NextRenewal is null && certificate.Source != LocalCa.SourceName)
                yield return Finding.Warning("certificates", $"{what} expires on {Day(certificate.NotAfter)}, in {HumanText.Duration(certificate.NotAfter - now)}", "renew it; with certificate = acme that is done for you");
        }

        if (problems.Count == 0 && certificates.Count > 0)
            yield return Finding.Good("certificates", $"{certificates.Count}, the first to expire on {Day(certificates.Min(certificate => certificate.NotAfter))}");
    }

    // As check says them: what is wrong; what to do.
    private static Finding Split(string problem) => problem.LastIndexOf("; ", StringComparison.Ordinal) is >= 0 and int end
        ? Finding.Problem("certificates", problem[..end], problem[(end + 2)..])
        : Finding.Problem("certificates", problem, "correct it; actors443 check says more");

    private static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
