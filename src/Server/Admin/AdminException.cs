namespace Actors443.Server.Admin;

/// <summary>The admin server cannot be started or asked. The message is one line for people: what, why and what to do.</summary>
internal class AdminException : Exception
{
    public AdminException(string message)
        : base(message)
    {
    }

    public AdminException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
