namespace Actors443.Server.Sites;

/// <summary>
/// Where a request of HTTP/1.1 ends. The server takes codings before <c>chunked</c>, <c>chunked</c> twice, and a length beside it; an upstream that
/// decides otherwise would see the rest as another request (RFC 9112 11.2).
/// </summary>
internal static class RequestFraming
{
    // Kestrel moves the length there when there is a transfer coding as well.
    private const string MovedContentLength = "X-Content-Length";

    public static bool IsAmbiguous(IHeaderDictionary headers) =>
        headers.TransferEncoding.Count > 0
        && (headers.TransferEncoding.Count > 1
            || !"chunked".Equals(headers.TransferEncoding[0], StringComparison.OrdinalIgnoreCase)
            || headers.ContentLength is not null
            || headers.ContainsKey(MovedContentLength));
}
