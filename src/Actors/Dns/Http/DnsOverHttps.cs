using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net;
using Actors443.Dns.Wire;
using Actors443.Engine;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Dns.Http;

/// <summary>
/// DNS over HTTPS (RFC 8484): GET with the query in the address, POST with it in the body. An answer that is known is written straight to the connection, without a
/// wait and without a task. Thread-safe.
/// </summary>
/// <param name="resolver">Knows the answers.</param>
/// <param name="json">Answer with JSON where that is asked for.</param>
internal sealed class DnsOverHttps(IDnsResolver resolver, bool json)
{
    public const string MediaType = "application/dns-message";

    private const string Parameter = "dns";

    // What any pipe gives in one piece.
    private const int OnePiece = 4096;

    private static readonly SearchValues<char> Base64UrlAlphabet = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Answers one request, whatever it is.</summary>
    public Task HandleAsync(HttpContext context)
    {
        string method = context.Request.Method;
        if (HttpMethods.IsPost(method))
            return PostAsync(context);
        if (HttpMethods.IsGet(method) || HttpMethods.IsHead(method))
            return GetAsync(context);
        context.Response.Headers.Allow = "GET, HEAD, POST";
        return RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, $"DNS queries come by GET or POST (RFC 8484), not by {method}.");
    }

    private Task GetAsync(HttpContext context)
    {
        string address = context.Request.QueryString.Value ?? "";
        if (json && QueryParameters.TryFind(address, "name", out _))
            return JsonAsync(context, address);
        if (!QueryParameters.TryFind(address, Parameter, out ReadOnlySpan<char> written))
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "The parameter dns, with a DNS message as base64url, is missing (RFC 8484 4.1).");
        if (written.Contains('%'))
            written = Uri.UnescapeDataString(written);
        if (written.ContainsAnyExcept(Base64UrlAlphabet) || written.Length % 4 == 1)
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "The parameter dns is not base64url without padding (RFC 8484 6).");
        int length = Base64Url.GetMaxDecodedLength(written.Length);
        if (length > DnsHeader.LongestMessage)
            return RefuseAsync(context, StatusCodes.Status414UriTooLong, "A DNS message has 65535 bytes at most.");
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        if (!Base64Url.TryDecodeFromChars(written, buffer, out int decoded))
        {
            ArrayPool<byte>.Shared.Return(buffer);
            return RefuseAsync(context, StatusCodes.Status400BadRequest, "The parameter dns is not base64url without padding (RFC 8484 6).");
        }

        ValueTask<DnsAnswer> resolving = ResolveAsync(context, buffer.AsMemory(0, decoded));
        if (!resolving.IsCompletedSuccessfully)
            return AnswerAsync(context, resolving, buffer);
        Task writing = WriteAsync(context, resolving.Result);
        if (!writing.IsCompletedSuccessfully)
            return ReturnAsync(writing, buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        return Task.CompletedTask;
    }

    private async Task JsonAsync(HttpContext context, string address)
    {
        string? Parameter(string name) => QueryParameters.TryFind(address, name, out ReadOnlySpan<char> value) ? Uri.UnescapeDataString(value) : null;
        static bool IsOn(string? value) => value is "1" or "true";
        if (DnsJson.Query(Parameter("name")!, Parameter("type"), IsOn(Parameter("do")), IsOn(Parameter("cd")), out string problem) is not { } query)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        DnsAnswer answer = await ResolveAsync(context, query);
        if (answer.Verdict != DnsVerdict.Answered)
        {
            await WriteAsync(context, answer);
            return;
        }

        byte[] message = new byte[answer.Length];
        answer.WriteTo(message);
        context.Response.ContentType = DnsJson.MediaType;
        context.Response.Headers.CacheControl = answer.CacheControl;
        DnsJson.Write(context.Response.BodyWriter, message);
    }

    private static async Task ReturnAsync(Task writing, byte[] buffer)
    {
        await writing;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static async Task AnswerAsync(HttpContext context, ValueTask<DnsAnswer> resolving, byte[] buffer)
    {
        await WriteAsync(context, await resolving);
        // Not if it fails: then the query may still be in use.
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private Task PostAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (!IsDnsMessage(request.ContentType))
            return RefuseAsync(context, StatusCodes.Status415UnsupportedMediaType, $"The body of a DNS query is {MediaType} (RFC 8484 4.1).");
        if (request.ContentLength > DnsHeader.LongestMessage)
            return TooLargeAsync(context);
        // Without a token: a body whose request is aborted ends by itself.
        ValueTask<ReadResult> reading = request.BodyReader.ReadAsync(CancellationToken.None);
        if (!reading.IsCompletedSuccessfully)
            return PostAsync(context, reading);
        ReadResult read = reading.Result;
        if (!read.Buffer.IsSingleSegment || !IsWhole(read, request))
            return PostAsync(context, ValueTask.FromResult(read));
        ValueTask<DnsAnswer> resolving = ResolveAsync(context, read.Buffer.First);
        if (!resolving.IsCompletedSuccessfully)
            return PostAsync(context, read, resolving);
        Task writing = WriteAsync(context, resolving.Result);
        if (!writing.IsCompletedSuccessfully)
            return PostAsync(context, read, writing);
        request.BodyReader.AdvanceTo(read.Buffer.End);
        return Task.CompletedTask;
    }

    private static async Task PostAsync(HttpContext context, ReadResult read, ValueTask<DnsAnswer> resolving)
    {
        await WriteAsync(context, await resolving);
        context.Request.BodyReader.AdvanceTo(read.Buffer.End);
    }

    private static async Task PostAsync(HttpContext context, ReadResult read, Task writing)
    {
        await writing;
        context.Request.BodyReader.AdvanceTo(read.Buffer.End);
    }

    private async Task PostAsync(HttpContext context, ValueTask<ReadResult> reading)
    {
        PipeReader reader = context.Request.BodyReader;
        ReadResult read = await reading;
        while (!IsWhole(read, context.Request) && read.Buffer.Length <= DnsHeader.LongestMessage)
        {
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(CancellationToken.None);
        }

        if (read.Buffer.Length > DnsHeader.LongestMessage)
        {
            reader.AdvanceTo(read.Buffer.End);
            await TooLargeAsync(context);
            return;
        }

        ReadOnlyMemory<byte> query = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
        await WriteAsync(context, await ResolveAsync(context, query));
        reader.AdvanceTo(read.Buffer.End);
    }

    private ValueTask<DnsAnswer> ResolveAsync(HttpContext context, ReadOnlyMemory<byte> query)
    {
        // Not by HttpContext.Connection, which is an object more.
        IPAddress? address = (context.Features[typeof(IHttpConnectionFeature)] as IHttpConnectionFeature)?.RemoteIpAddress;
        return resolver.ResolveAsync(query, new DnsClient(address ?? IPAddress.None), context.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, in DnsAnswer answer)
    {
        switch (answer.Verdict)
        {
            case DnsVerdict.NotAQuery:
                return RefuseAsync(context, StatusCodes.Status400BadRequest, "This is no DNS query (RFC 1035 4.1).");
            case DnsVerdict.Denied:
                return RefuseAsync(context, StatusCodes.Status403Forbidden, "This resolver does not answer this client.");
            case DnsVerdict.TooMany:
                context.Response.Headers.RetryAfter = "1";
                return RefuseAsync(context, StatusCodes.Status429TooManyRequests, "Too many queries.");
        }

        HttpResponse response = context.Response;
        response.ContentType = MediaType;
        response.ContentLength = answer.Length;
        response.Headers.CacheControl = answer.CacheControl;
        if (HttpMethods.IsHead(context.Request.Method))
            return Task.CompletedTask;
        // dnsperf takes one answer out of each record; NGHTTP2_ERR_PAUSE makes it lose the next.
        if (context.Features[typeof(IOutputRecords)] is IOutputRecords records)
            records.CutAtFlushes();
        // Headers first: then what is written goes to the connection and nowhere between.
        Task starting = response.StartAsync();
        if (!starting.IsCompletedSuccessfully)
            return WriteLaterAsync(starting, response, answer);
        Write(response.BodyWriter, answer);
        return Task.CompletedTask;
    }

    private static async Task WriteLaterAsync(Task starting, HttpResponse response, DnsAnswer answer)
    {
        await starting;
        Write(response.BodyWriter, answer);
    }

    // What is not flushed here goes out with the end of the response, and costs one frame instead of two.
    private static void Write(PipeWriter writer, in DnsAnswer answer)
    {
        if (answer.Length <= OnePiece)
        {
            answer.WriteTo(writer.GetSpan(answer.Length)[..answer.Length]);
            writer.Advance(answer.Length);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(answer.Length);
        answer.WriteTo(buffer.AsSpan(0, answer.Length));
        writer.Write(buffer.AsSpan(0, answer.Length));
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static bool IsWhole(in ReadResult read, HttpRequest request) => read.IsCompleted || read.Buffer.Length == request.ContentLength;

    private static bool IsDnsMessage(string? contentType)
    {
        ReadOnlySpan<char> written = contentType;
        int parameters = written.IndexOf(';');
        return (parameters < 0 ? written : written[..parameters].TrimEnd()).Equals(MediaType, StringComparison.OrdinalIgnoreCase);
    }

    private static Task TooLargeAsync(HttpContext context)
    {
        // Its rest is not worth reading.
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        return RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, "A DNS message has 65535 bytes at most.");
    }

    private static Task RefuseAsync(HttpContext context, int status, string problem)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(problem + "\n");
    }
}
