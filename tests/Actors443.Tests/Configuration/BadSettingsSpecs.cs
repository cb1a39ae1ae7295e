namespace Actors443.Tests.Configuration;

/// <summary>Every kind of malformed value gets one line that names the place, what is wrong and what to write.</summary>
public sealed class BadSettingsSpecs : SettingsFixture
{
    [Theory]
    [InlineData("actors443 { https { bnd = 443 } }",
        "test.conf:1: unknown key 'actors443.https.bnd'; did you mean 'bind'?")]
    [InlineData("actors443.engine = evnt-loop",
        "test.conf:1: actors443.engine: 'evnt-loop' is not one of auto, event-loop, portable; did you mean 'event-loop'?")]
    [InlineData("actors443.engine = portabel",
        "test.conf:1: actors443.engine: 'portabel' is not one of auto, event-loop, portable; did you mean 'portable'?")]
    [InlineData("actors443.engin = auto", "test.conf:1: unknown key 'actors443.engin'; did you mean 'engine'?")]
    [InlineData("actor443 { }", "test.conf:1: unknown key 'actor443'; did you mean 'actors443'?")]
    [InlineData("actors443.https.bind = []",
        """test.conf:1: actors443.https.bind: has no address; write at least one, such as ["[::]:443"]""")]
    [InlineData("""
            actors443.https.bind = "127.0.0.1"
            """,
        """
            test.conf:1: actors443.https.bind: '127.0.0.1' has no port; write "127.0.0.1:443"
            """)]
    [InlineData("""
            actors443.https.bind = "::1"
            """,
        """
            test.conf:1: actors443.https.bind: '::1' has no port; write "[::1]:443"
            """)]
    [InlineData("""
            actors443.https.bind = "localhost:443"
            """,
        """
            test.conf:1: actors443.https.bind: 'localhost:443' is not an address; write "127.0.0.1:443" or "[::1]:443"
            """)]
    [InlineData("""
            actors443.https.bind = "example.com:443"
            """,
        """
            test.conf:1: actors443.https.bind: 'example.com:443' is not an address with a port; write an address with a port, such as "[::]:443", "127.0.0.1:8443" or ":443"
            """)]
    [InlineData("""
            actors443.https.bind = "127.0.0.1:70000"
            """,
        "test.conf:1: actors443.https.bind: port 70000 does not exist; write 1 to 65535, or 0 for any free port")]
    [InlineData("""
            actors443.https.bind = "127.0.0.1:x"
            """,
        """
            test.conf:1: actors443.https.bind: '127.0.0.1:x' is not an address with a port; write an address with a port, such as "[::]:443", "127.0.0.1:8443" or ":443"
            """)]
    [InlineData("""actors443.https.bind = ["[::]:443", "[::]:443"]""",
        "test.conf:1: actors443.https.bind: has [::]:443 twice; write it once")]
    [InlineData("actors443.https.bind { port = 443 }",
        """
            test.conf:1: actors443.https.bind: a section where a value belongs; write an address with a port, such as "[::]:443", "127.0.0.1:8443" or ":443"
            """)]
    [InlineData("actors443 { https.bind = 8443, http.bind = 8443 }",
        "test.conf:1: actors443.http.bind: [::]:8443 belongs to https already; write another port")]
    [InlineData("actors443.drain { deadline = 10s, tenant-share = 5% }",
        "test.conf:1: actors443.drain.tenant-share: 5% is too little: with drain.deadline = 10s all connections are let go in 6 steps of a second; write 17% or more, or a longer deadline")]
    [InlineData("actors443.drain.tenant-share = 0",
        "test.conf:1: actors443.drain.tenant-share: 0 is too little: with drain.deadline = 30s all connections are let go in 20 steps of a second; write 5% or more, or a longer deadline")]
    [InlineData("actors443.drain.tenant-share = half",
        "test.conf:1: actors443.drain.tenant-share: 'half' is not a share; write a share from 0 to 1, such as 0.85 or 85%")]
    [InlineData("actors443.drain.rate = 0",
        "test.conf:1: actors443.drain.rate: 0 is out of range; write a whole number from 1 to 1000000")]
    [InlineData("actors443.https = 443",
        "test.conf:1: actors443.https: '443' where a section belongs; write https { … }")]
    [InlineData("actors443.https.public-port = 0",
        "test.conf:1: actors443.https.public-port: 0 is out of range; write a whole number from 1 to 65535")]
    [InlineData("actors443.https.protocols = []",
        "test.conf:1: actors443.https.protocols: is empty; write [h2, http/1.1]")]
    [InlineData("actors443.https.protocols = [h2, h3]",
        "test.conf:1: actors443.https.protocols[1]: 'h3' is not known; write one of h2, http/1.1")]
    [InlineData("actors443.https.protocols = [h2, h2]",
        "test.conf:1: actors443.https.protocols: has a protocol twice; write each once")]
    [InlineData("actors443.https.tls = modren",
        "test.conf:1: actors443.https.tls: 'modren' is not one of modern, intermediate; did you mean 'modern'?")]
    [InlineData("actors443.https.tls = old",
        "test.conf:1: actors443.https.tls: 'old' is not known; write one of modern, intermediate")]
    [InlineData("actors443.https.tls = [modern]",
        "test.conf:1: actors443.https.tls: a list where one value belongs; write one of modern, intermediate")]
    [InlineData("actors443.https.strict-sni = maybe",
        "test.conf:1: actors443.https.strict-sni: 'maybe' is neither on nor off; write on or off")]
    [InlineData("""
            actors443.https.strict-sni = ""
            """,
        "test.conf:1: actors443.https.strict-sni: is empty; write on or off")]
    [InlineData("actors443.https.backlog = 0",
        "test.conf:1: actors443.https.backlog: 0 is out of range; write a whole number from 1 to 1000000")]
    [InlineData("actors443.https.backlog = many",
        "test.conf:1: actors443.https.backlog: 'many' is not a whole number; write a whole number from 1 to 1000000")]
    [InlineData("actors443.https.backlog = 1.5",
        "test.conf:1: actors443.https.backlog: '1.5' is not a whole number; write a whole number from 1 to 1000000")]
    [InlineData("actors443.https.client-certificates = require",
        """test.conf:1: actors443.https.client-certificates: asks for certificates without saying whose; write client-certificates { ca = "clients.pem", mode = require }""")]
    [InlineData("actors443.https.client-certificates { mode = require }",
        """test.conf:1: actors443.https.client-certificates: asks for certificates without saying whose; write ca = "clients.pem" beside mode""")]
    [InlineData("""actors443.https.client-certificates { ca = "none.pem" }""",
        "test.conf:1: actors443.https.client-certificates.ca: 'none.pem' does not exist; write a PEM file with the CAs of the clients")]
    [InlineData("""actors443.https.client-certificates { ca = "not.pem" }""",
        "test.conf:1: actors443.https.client-certificates.ca: 'not.pem' has no certificate in it; write a PEM file with the CAs of the clients")]
    [InlineData("""actors443.https.client-certificates { ca = "www" }""",
        "test.conf:1: actors443.https.client-certificates.ca: 'www' is a folder; write a PEM file with the CAs of the clients")]
    [InlineData("""actors443.https.client-certificates { ca = "not.pem", mode = required }""",
        """
            test.conf:1: actors443.https.client-certificates.mode: 'required' is not one of none, optional, require; did you mean 'require'?
            test.conf:1: actors443.https.client-certificates.ca: 'not.pem' has no certificate in it; write a PEM file with the CAs of the clients
            """)]
    [InlineData("actors443.https.limits.request-body = 30XB",
        "test.conf:1: actors443.https.limits.request-body: '30XB' has the unknown unit 'XB'; write B, kB, KiB, MB, MiB, GB or GiB")]
    [InlineData("actors443.https.limits.request-body = lots",
        "test.conf:1: actors443.https.limits.request-body: 'lots' is not a size; write a number of bytes, such as 8192, 8KiB or 30MB, or off")]
    [InlineData("actors443.https.limits.request-line = 1",
        "test.conf:1: actors443.https.limits.request-line: 1 is out of range; write a whole number from 256 to 1048576 (bytes)")]
    [InlineData("actors443.https.limits.minimum-rate = fast",
        "test.conf:1: actors443.https.limits.minimum-rate: 'fast' is not a size; write a number of bytes, such as 8192, 8KiB or 30MB, or off")]
    [InlineData("actors443.http.enabled = 1",
        "test.conf:1: actors443.http.enabled: '1' is neither on nor off; write on or off")]
    [InlineData("actors443.certificates.directories = [nowhere]",
        "test.conf:1: actors443.certificates.directories[0]: the folder 'nowhere' does not exist; make it, or correct the name")]
    [InlineData("actors443.certificates.directory = certs",
        "test.conf:1: unknown key 'actors443.certificates.directory'; did you mean 'directories'?")]
    [InlineData("""actors443.certificates.files = ["nowhere.pem"]""",
        "test.conf:1: actors443.certificates.files[0]: 'nowhere.pem' does not exist; correct the name or the permissions")]
    [InlineData("""actors443.certificates.files = [ { key = "test.conf" } ]""",
        """test.conf:1: actors443.certificates.files[0]: names no certificate; write { chain = "site.pem", key = "site.key" } or { pfx = "site.pfx" }""")]
    [InlineData("""actors443.certificates.files = [ { chain = "test.conf", pfx = "test.conf" } ]""",
        "test.conf:1: actors443.certificates.files[0]: has both chain and pfx; write one of them")]
    [InlineData("""actors443.certificates.files = [ { chain = "gone.pem", key = "gone.key" } ]""",
        """
            test.conf:1: actors443.certificates.files[0].chain: 'gone.pem' does not exist; correct the name or the permissions
            test.conf:1: actors443.certificates.files[0].key: 'gone.key' does not exist; correct the name or the permissions
            """)]
    [InlineData("""actors443.certificates.files = [ { chain = "test.conf", password = "env:NOPE_443" } ]""",
        "test.conf:1: actors443.certificates.files[0].password: the environment variable 'NOPE_443' is not set; set it, or write file:PATH")]
    [InlineData("actors443.certificates.rescan = 30",
        "test.conf:1: actors443.certificates.rescan: '30' has no unit; write 30s or 30ms")]
    [InlineData("actors443.certificates.rescan = 10ms",
        "test.conf:1: actors443.certificates.rescan: 10ms is too short; write 1s or more")]
    [InlineData("actors443.certificates.local-ca.leaf-lifetime = 30 fortnights",
        "test.conf:1: actors443.certificates.local-ca.leaf-lifetime: '30 fortnights' has the unknown unit 'fortnights'; write ms, s, m, h or d")]
    [InlineData("actors443.admission.maximum-connections = -1",
        "test.conf:1: actors443.admission.maximum-connections: -1 is out of range; write a whole number from 1 to 10000000")]
    [InlineData("actors443.admission.per-certificate.connections = -1",
        "test.conf:1: actors443.admission.per-certificate.connections: -1 is out of range; write a whole number from 0 to 10000000")]
    [InlineData("actors443.admission.per-client.ipv4-mask = 33",
        "test.conf:1: actors443.admission.per-client.ipv4-mask: 33 is out of range; write a whole number from 1 to 32")]
    [InlineData("actors443.admission.per-client.new-handshakes-per-second = quick",
        "test.conf:1: actors443.admission.per-client.new-handshakes-per-second: 'quick' is not a number; write a number from 0 to 1000000")]
    [InlineData("actors443.admission.per-client.new-handshakes-per-second = -1",
        "test.conf:1: actors443.admission.per-client.new-handshakes-per-second: -1 is out of range; write a number from 0 to 1000000")]
    [InlineData("""actors443.admission.per-client.exempt = ["office"]""",
        """
            test.conf:1: actors443.admission.per-client.exempt[0]: 'office' is not a network; write a network such as "10.0.0.0/8" or "2001:db8::/32"
            """)]
    [InlineData("actors443.admission.load.memory.shed = 2",
        "test.conf:1: actors443.admission.load.memory.shed: '2' is not a share; write a share from 0 to 1, such as 0.85 or 85%, or off")]
    [InlineData("actors443.admission.load.memory { shed = 0.99, pause = 0.9 }",
        "test.conf:1: actors443.admission.load.memory.shed: shed is above pause; write a shed below it")]
    [InlineData("actors443.admission.load.mailbox-lag.shed = 0.5",
        "test.conf:1: actors443.admission.load.mailbox-lag.shed: '0.5' has no unit; write 0.5s or 0.5ms, or off")]
    [InlineData("actors443.deadlines.handshake = soon",
        "test.conf:1: actors443.deadlines.handshake: 'soon' is not a duration; write a number with a unit, such as 500ms, 10s or 5 minutes")]
    [InlineData("actors443.deadlines.handshake = off",
        "test.conf:1: actors443.deadlines.handshake: 'off' is not a duration; write a number with a unit, such as 500ms, 10s or 5 minutes")]
    [InlineData("actors443.deadlines.age = 5",
        "test.conf:1: actors443.deadlines.age: '5' has no unit; write 5s or 5ms, or off")]
    [InlineData("actors443.deadlines.age = never",
        "test.conf:1: actors443.deadlines.age: 'never' is not a duration; write a number with a unit, such as 500ms, 10s or 5 minutes, or off")]
    [InlineData("actors443.deadlines.idle = 100000d",
        "test.conf:1: actors443.deadlines.idle: 100000d is too long; write 3650d or less")]
    [InlineData("actors443.drain.deadline = [1s]",
        "test.conf:1: actors443.drain.deadline: a list where one value belongs; write a number with a unit, such as 500ms, 10s or 5 minutes")]
    [InlineData("""
            actors443.state-directory = "test.conf"
            """,
        "test.conf:1: actors443.state-directory: 'test.conf' is a file; write a folder, or auto")]
    [InlineData("actors443.state-directory {}",
        "test.conf:1: actors443.state-directory: a section where a value belongs; write a folder, or auto")]
    [InlineData("""
            actors443.admin.bind = "0.0.0.0:9443"
            """,
        """
            test.conf:1: actors443.admin.bind: '0.0.0.0:9443' can be reached from outside; write a loopback address such as "127.0.0.1:9443", or ask clients for certificates with admin.tls, or write allow-remote = on if only you can reach it
            """)]
    [InlineData("""
            actors443.admin.bind = "[::]:9443"
            """,
        """
            test.conf:1: actors443.admin.bind: '[::]:9443' can be reached from outside; write a loopback address such as "127.0.0.1:9443", or ask clients for certificates with admin.tls, or write allow-remote = on if only you can reach it
            """)]
    [InlineData("actors443.admin.tls { certificate = \"gone.pem\" }",
        """
            test.conf:1: actors443.admin.tls.certificate: the file 'gone.pem' does not exist; make it, or correct the name
            test.conf:1: actors443.admin.tls: has no key; write { certificate = "admin.pem", key = "admin.key", ca = "admins.pem" }, or off
            test.conf:1: actors443.admin.tls: has no ca; write { certificate = "admin.pem", key = "admin.key", ca = "admins.pem" }, or off
            """)]
    [InlineData("actors443.admin.unix-socket = \"/tmp/a-name-that-is-longer-than-what-the-kernel-takes-for-a-socket-which-is-one-hundred-and-seven-bytes-or-so.sock\"",
        """
            test.conf:1: actors443.admin.unix-socket: '/tmp/a-name-that-is-longer-than-what-the-kernel-takes-for-a-socket-which-is-one-hundred-and-seven-bytes-or-so.sock' has more than the 106 bytes that a Unix socket's name may have; write a shorter one such as "/run/actors443/admin.sock"
            """)]
    [InlineData("actors443.log.level = loud",
        "test.conf:1: actors443.log.level: 'loud' is not known; write one of trace, debug, information, warning, error, critical, none")]
    [InlineData("""actors443.log.levels { "Actors443.Sites" = debgu }""",
        """test.conf:1: actors443.log.levels."Actors443.Sites": 'debgu' is not one of trace, debug, information, warning, error, critical, none; did you mean 'debug'?""")]
    [InlineData("actors443.access-log.format = jsn",
        "test.conf:1: actors443.access-log.format: 'jsn' is not one of off, json, common, combined; did you mean 'json'?")]
    [InlineData("""
            actors443.access-log.path = "gone/access.log"
            """,
        "test.conf:1: actors443.access-log.path: the folder 'gone' does not exist; make it, or correct the name")]
    [InlineData("""
            actors443.access-log.path = "www"
            """,
        "test.conf:1: actors443.access-log.path: 'www' is a folder; write a file in it")]
    [InlineData("actors443.access-log.headers = [\"X Id\"]",
        "test.conf:1: actors443.access-log.headers[0]: 'X Id' cannot be the name of a header; write one such as X-Request-Id")]
    [InlineData("actors443.https.trace-context = trusted",
        "test.conf:1: actors443.https.trace-context: 'trusted' is not one of ignore, link, trust; did you mean 'trust'?")]
    [InlineData("""
            actors443.telemetry.otlp-endpoint = "localhost:4317"
            """,
        """test.conf:1: actors443.telemetry.otlp-endpoint: 'localhost:4317' is not an http:// or https:// URL; write a URL such as "http://127.0.0.1:4317", or off""")]
    [InlineData("actors443.telemetry.trace-ratio = 5%%",
        "test.conf:1: actors443.telemetry.trace-ratio: '5%%' is not a share; write a share from 0 to 1, such as 0.85 or 85%")]
    [InlineData("actors443.drain { deadline = 1s } engine = auto",
        "test.conf:1: unknown key 'engine'; known here: actors443")]
    [InlineData("actors443 = 5", "test.conf:1: actors443: '5' where a section belongs; write actors443 { … }")]
    [InlineData("actors443.https.client-certificates = optional",
        """test.conf:1: actors443.https.client-certificates: asks for certificates without saying whose; write client-certificates { ca = "clients.pem", mode = optional }""")]
    [InlineData("""
            actors443.sites = "www"
            """,
        "test.conf:1: actors443.sites: 'www' where a section belongs; write sites { … }")]
    public void A_malformed_setting_is_refused_with_its_place_and_the_fix(string text, string expected)
    {
        Write("not.pem", "hello");
        Assert.Equal(expected.Split('\n'), Problems(text));
    }
}
