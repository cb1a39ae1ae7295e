namespace Actors443.IntegrationTests.Load;

/// <summary>Clients at full speed and rates that are counted: nothing else runs meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LoadCollection
{
    public const string Name = "load";
}
