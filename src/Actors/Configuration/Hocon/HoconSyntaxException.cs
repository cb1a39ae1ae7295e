namespace Actors443.Configuration.Hocon;

/// <summary>Text that is not HOCON. Ends the scan of all sources: what follows could only mislead.</summary>
internal sealed class HoconSyntaxException(HoconPosition position, string message) : Exception(message)
{
    public HoconPosition Position { get; } = position;
}
