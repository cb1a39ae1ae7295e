namespace Actors443.Identities;

/// <summary>An identity that is revoked.</summary>
/// <param name="Identity">Whose.</param>
/// <param name="Since">When it was revoked.</param>
/// <param name="Reason">In the words of who revoked it; null: nothing was said.</param>
public sealed record RevokedIdentity(Identity Identity, DateTimeOffset Since, string? Reason)
{
    /// <summary>For obituaries.</summary>
    internal string Detail => Reason is null ? Identity.ToString() : $"{Identity}: {Reason}";
}
