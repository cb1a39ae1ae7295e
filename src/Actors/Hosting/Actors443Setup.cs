using Actors443.Configuration;
using Akka.Actor.Setup;

namespace Actors443.Hosting;

/// <summary>Carries what was said in code to the actor system that it was said of.</summary>
/// <param name="options">As configured.</param>
/// <param name="drain">What the phases of the shutdown were made for.</param>
internal sealed class Actors443Setup(Actors443Options options, DrainSettings drain) : Setup
{
    public Actors443Options Options => options;

    public DrainSettings Drain => drain;
}
