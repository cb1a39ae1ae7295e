using Actors443.Supervision;
using Akka.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Actors443.Hosting;

/// <summary>Ready for clients, or why not.</summary>
internal sealed class Actors443HealthCheck : IAkkaHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(AkkaHealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ServerReadiness readiness = ServerReadiness.Of(Actors443Parts.Of(context.ActorSystem).Environment);
        return Task.FromResult(readiness.IsReady
            ? HealthCheckResult.Healthy("ready for clients")
            : new HealthCheckResult(context.Registration.FailureStatus, string.Join("; ", readiness.Problems.Select(problem => $"{problem.Check}: {problem.Detail}"))));
    }
}
