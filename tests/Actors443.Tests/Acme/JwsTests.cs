using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Actors443.Acme.Protocol;

namespace Actors443.Tests.Acme;

/// <summary>Signatures and thumbprints by the examples of the RFCs.</summary>
public sealed class JwsTests
{
    private const string Claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

    /// <summary>RFC 7515 A.1.</summary>
    [Fact]
    public void HS256_is_that_of_RFC_7515()
    {
        var binding = new ExternalAccountBinding("kid", "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");

        JsonElement jws = Parse(Jws.Flatten(Encoding.ASCII.GetBytes("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"), Encoding.ASCII.GetBytes(Claims), binding.Mac));

        Assert.Equal("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", jws.GetProperty("protected").GetString());
        Assert.Equal("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", jws.GetProperty("signature").GetString());
    }

    /// <summary>RFC 7515 A.3: ECDSA signs differently each time, so the example is verified and its own signature is.</summary>
    [Fact]
    public void ES256_is_that_of_RFC_7515()
    {
        using ECDsa ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"), Y = Decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0") },
            D = Decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"),
        });
        using var key = new AcmeKey(ecdsa);

        JsonElement jws = Parse(Jws.Flatten(Encoding.ASCII.GetBytes("{\"alg\":\"ES256\"}"), Encoding.ASCII.GetBytes(Claims), key.Sign));

        Assert.Equal("ES256", key.Algorithm);
        string input = $"{jws.GetProperty("protected").GetString()}.{jws.GetProperty("payload").GetString()}";
        Assert.StartsWith("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAs", input, StringComparison.Ordinal);
        byte[] published = Decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
        byte[] ours = Decode(jws.GetProperty("signature").GetString()!);
        foreach (byte[] signature in (byte[][])[published, ours])
        {
            Assert.Equal(64, signature.Length);
            Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes(input), signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        }
    }

    /// <summary>RFC 7638 3.1.</summary>
    [Fact]
    public void A_thumbprint_is_that_of_RFC_7638()
    {
        using RSA rsa = RSA.Create(new RSAParameters
        {
            Modulus = Decode("0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"),
            Exponent = Decode("AQAB"),
        });
        using var key = new AcmeKey(rsa);

        Assert.Equal("RS256", key.Algorithm);
        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", key.Thumbprint);
    }

    [Fact]
    public void A_request_names_its_account_its_nonce_and_where_it_goes()
    {
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);
        var url = new Uri("https://ca.test/new-order?a=b");

        JsonElement known = Header(Jws.Sign(key, new Uri("https://ca.test/acct/1"), url, "nonce", []));
        JsonElement unknown = Header(Jws.Sign(key, null, url, "nonce", []));
        JsonElement inner = Header(Jws.Sign(key, null, url, null, []));

        Assert.Equal(["alg", "kid", "nonce", "url"], known.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["alg", "jwk", "nonce", "url"], unknown.EnumerateObject().Select(member => member.Name));
        Assert.Equal(["alg", "jwk", "url"], inner.EnumerateObject().Select(member => member.Name));
        Assert.Equal("https://ca.test/acct/1", known.GetProperty("kid").GetString());
        Assert.Equal("https://ca.test/new-order?a=b", known.GetProperty("url").GetString());
        Assert.Equal("", Parse(Jws.Sign(key, null, url, "nonce", [])).GetProperty("payload").GetString());
    }

    [Theory]
    [InlineData("Hs256", 32)]
    [InlineData("Hs384", 48)]
    [InlineData("Hs512", 64)]
    public void A_binding_signs_the_account_key_with_the_key_of_the_CA(string algorithm, int length)
    {
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);
        var binding = new ExternalAccountBinding("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W", Enum.Parse<BindingAlgorithm>(algorithm));

        byte[] bound = Jws.Bind(binding, key, new Uri("https://ca.test/new-account"));

        JsonElement jws = Parse(bound);
        Assert.Equal(key.Jwk, Encoding.ASCII.GetString(Decode(jws.GetProperty("payload").GetString()!)));
        Assert.Equal((algorithm.ToUpperInvariant(), "kid-1"), (Header(bound).GetProperty("alg").GetString(), Header(bound).GetProperty("kid").GetString()));
        Assert.Equal(length, Decode(jws.GetProperty("signature").GetString()!).Length);
    }

    [Theory]
    [InlineData("not base64!")]
    [InlineData("")]
    public void A_binding_key_that_is_none_is_said_to_be_none(string key) =>
        Assert.Equal(AcmeFailure.Settings, Assert.Throws<AcmeException>(() => new ExternalAccountBinding("kid", key)).Failure);

    [Fact]
    public void Keys_survive_being_written_and_read()
    {
        foreach (AcmeKeyKind kind in Enum.GetValues<AcmeKeyKind>())
        {
            using AcmeKey key = AcmeKey.Create(kind);
            using AcmeKey read = AcmeKey.FromPem(key.ToPem(), "account.key");
            Assert.Equal(key.Thumbprint, read.Thumbprint);
        }
    }

    private static JsonElement Header(byte[] jws) => Parse(Decode(Parse(jws).GetProperty("protected").GetString()!));

    private static JsonElement Parse(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private static byte[] Decode(string text) => Base64Url.DecodeFromChars(text);
}
