using System.Net;
using Actors443.Admission;
using Actors443.Engine;
using Actors443.Supervision;

namespace Actors443.Listening;

/// <summary>What the acceptors of one listener share.</summary>
/// <param name="Environment">The server's.</param>
/// <param name="Plan">What it is to do.</param>
/// <param name="Application">Answers the requests.</param>
/// <param name="Gate">Says when to accept, and whom.</param>
/// <param name="Owners">Gives every connection its actor.</param>
internal sealed record ListenerParts(ServerEnvironment Environment, ListenerPlan Plan, ServedApplication Application, IAcceptGate Gate, IConnectionOwners Owners)
{
    /// <summary>For an engine, by the settings in force.</summary>
    public ListenRequest RequestAt(IReadOnlyList<IPEndPoint> endPoints) => new(Plan.Name, endPoints, Plan.Backlog, Application, Gate)
    {
        Tls = Plan.Tls ? new TlsListening(Environment.FrontEnd, Environment.Gate, Owners) : null,
        Limits = Environment.Settings.Https.Limits,
        Deadlines = Environment.Settings.Deadlines,
    };
}
