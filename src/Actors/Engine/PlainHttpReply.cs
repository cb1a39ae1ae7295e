using System.Text;

namespace Actors443.Engine;

/// <summary>What one is told who speaks plain HTTP to the https port.</summary>
internal static class PlainHttpReply
{
    private const string Body = "This port speaks HTTPS. Write https:// in front of the address instead of http://.\n";

    // RFC 9112 9.6: the reply ends the connection, so no length is needed; it is given so that every client shows the text.
    public static byte[] Bytes { get; } = Encoding.ASCII.GetBytes(
        $"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}");
}
