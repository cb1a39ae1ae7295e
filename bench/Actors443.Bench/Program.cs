using System.CommandLine;
using Actors443.Bench;
using Actors443.Bench.Attacks;
using Actors443.Bench.Comparison;
using Actors443.Bench.Dns;
using Actors443.Bench.Faults;
using Actors443.Bench.Fuzz;
using Actors443.Bench.Remoting;
using Actors443.Bench.Scale;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

var rounds = new Option<int>("--rounds") { Description = "Alternated rounds; the median counts.", DefaultValueFactory = _ => 7 };
var only = new Option<string>("--only") { Description = "Part of the name of a row: the others are left out." };
var connections = new Option<int>("--connections") { Description = "How many connections." };
var reloads = new Option<int>("--reloads") { Description = "Certificate changes in a row.", DefaultValueFactory = _ => 200 };
var kind = new Argument<string>("kind") { Description = "stock, engine, actors, switchable or unowned" };

var root = new RootCommand("Measures Actors443 on this machine. Everything is loopback, bounded and ends by itself.");

var cost = new Command("actor-cost", "CPU of the server for a request and for a handshake: an actor per connection beside plain Kestrel with SslStream.") { rounds, only };
cost.SetAction(arguments => ActorCost.RunAsync(arguments.GetValue(rounds), arguments.GetValue(only)));
root.Add(cost);

var supervision = new Command("supervision", "CPU of requests and handshakes with the supervision of requests switched on and off, and without actors at all.") { rounds, only };
supervision.SetAction(arguments => SupervisionCost.RunAsync(arguments.GetValue(rounds), arguments.GetValue(only)));
root.Add(supervision);

var actorRequests = new Command("actor-requests", "A request told to an actor by MapActor, beside a handler that uses Ask and one without an actor: CPU and allocations (a minute).") { rounds };
actorRequests.SetAction(arguments => ActorRequestCost.RunAsync(arguments.GetValue(rounds)));
root.Add(actorRequests);

var idle = new Command("idle", "Holds idle TLS connections (10,000), each owned by an actor, says what each costs in memory, and drains them.") { connections };
idle.SetAction(arguments => IdleConnections.RunAsync(arguments.GetValue(connections) is > 0 and int count ? count : 10_000));
root.Add(idle);

var directory = new Command("directory", "Three nodes of a cluster with very many connections each (10,000), and how long it takes until one of them has told of all (2 minutes).") { connections };
directory.SetAction(arguments => DirectoryQueries.RunAsync(arguments.GetValue(connections) is > 0 and int count ? count : 10_000));
root.Add(directory);

var nodes = new Option<int>("--nodes") { Description = "How many nodes.", DefaultValueFactory = _ => 10 };
var windowSeconds = new Option<int>("--seconds") { Description = "How long what goes on all the time is looked at.", DefaultValueFactory = _ => 60 };
var clusterScale = new Command("cluster-scale", "What the nodes of a cluster say to each other, in messages and bytes: ten nodes in one process (3 minutes).") { nodes, windowSeconds };
clusterScale.SetAction(arguments => ClusterScale.RunAsync(arguments.GetValue(nodes), arguments.GetValue(windowSeconds)));
root.Add(clusterScale);

var heldPort = new Argument<int>("port");
var heldCount = new Argument<int>("count");
var hold = new Command("hold", "For bench directory: its clients.") { Hidden = true, Arguments = { heldPort, heldCount } };
hold.SetAction(arguments => DirectoryQueries.HoldAsync(arguments.GetRequiredValue(heldPort), arguments.GetRequiredValue(heldCount)));
root.Add(hold);

var stalled = new Command("stalled", "Opens connections that never finish their handshake (5,000) and times a well-behaved client beside them.") { connections };
stalled.SetAction(arguments => StalledHandshakes.RunAsync(arguments.GetValue(connections) is > 0 and int count ? count : 5_000));
root.Add(stalled);

var tunnel = new Command("tunnel", "Bytes through CONNECT tunnels beside HAProxy's TCP mode with the same TLS work: MiB for a second of CPU (a minute; needs haproxy).") { rounds };
tunnel.SetAction(arguments => TunnelThroughput.RunAsync(arguments.GetValue(rounds)));
root.Add(tunnel);

var reload = new Command("reloads", "Changes the certificate again and again under load and counts failed requests (needs h2load).") { reloads };
reload.SetAction(arguments => ReloadsUnderLoad.RunAsync(arguments.GetValue(reloads)));
root.Add(reload);

var certificates = new Option<int>("--count") { Description = "How many.", DefaultValueFactory = _ => 100_000 };
var many = new Command("certificates", "A folder of very many certificates (100,000): start, memory, handshakes among them, a change (5 minutes).") { certificates };
many.SetAction(arguments => ManyCertificates.RunAsync(arguments.GetValue(certificates)));
root.Add(many);

var seed = new Option<int>("--seed") { Description = "What happens by chance happens the same way with the same seed.", DefaultValueFactory = _ => 443 };
var preload = new Option<string?>("--preload") { Description = "A library put under the server (LD_PRELOAD) that finds wrong uses of memory; what memory it takes is not judged then." };
var leaks = new Command("leaks", "Very many connections (1,000,000) of every kind, ending at every state, and what the server holds after each part of them (20 minutes).") { connections, seed, preload };
leaks.SetAction(arguments => LeakCheck.RunAsync(arguments.GetValue(connections) is > 0 and int count ? count : 1_000_000, arguments.GetValue(seed), arguments.GetValue(preload)));
root.Add(leaks);

var minutes = new Option<double>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 10 };
var fuzzReaders = new Option<string[]>("--readers") { Description = "Only readers of what strangers write, without a server: these (folders of tests/corpus), or all.", Arity = ArgumentArity.ZeroOrMore, AllowMultipleArgumentsPerToken = true };
var fuzz = new Command("fuzz", "Changed ClientHellos, handshakes, records and HTTP at a real server, and parts of the engine by themselves (10 minutes).") { minutes, seed, preload, fuzzReaders };
fuzz.SetAction(arguments => arguments.GetResult(fuzzReaders) is null
    ? FuzzRun.RunAsync(arguments.GetValue(minutes), arguments.GetValue(seed), arguments.GetValue(preload))
    : Task.FromResult(FuzzRun.RunReaders(arguments.GetValue(fuzzReaders) ?? [], arguments.GetValue(minutes), arguments.GetValue(seed))));
root.Add(fuzz);

var attackNames = new Argument<string[]>("name") { Description = "Which attacks, by the beginning of their names; none: all.", Arity = ArgumentArity.ZeroOrMore };
var attackEngines = new Option<string[]>("--engine") { Description = "event-loop, portable; both.", DefaultValueFactory = _ => ["event-loop", "portable"] };
attackEngines.AcceptOnlyFromAmong("event-loop", "portable");
var attackDetails = new Option<bool>("--details") { Description = "Every case of those that try many." };
var attack = new Command("attack", "Attacks a real server with each engine while a good client is served: what became of the attack, and what everybody else noticed (15 minutes). See tests/attack.") { attackNames, attackEngines, attackDetails };
attack.SetAction(arguments => AttackRun.RunAsync(arguments.GetValue(attackNames) ?? [], arguments.GetValue(attackEngines)!, arguments.GetValue(attackDetails)));
root.Add(attack);

var faults = new Command("faults", "Takes from a real server what it needs, with each engine: disk, descriptors, memory, clock, threads, upstreams, network (10 minutes; as root for some). See tests/faults.") { attackNames, attackEngines };
faults.SetAction(arguments => FaultRun.RunAsync(arguments.GetValue(attackNames) ?? [], arguments.GetValue(attackEngines)!));
root.Add(faults);

var starvingEngine = new Argument<string>("engine");
var starvingFolder = new Argument<string>("folder");
var starving = new Command("serve-starving", "For bench faults: an application that blocks threads.") { Hidden = true, Arguments = { starvingEngine, starvingFolder } };
starving.SetAction((arguments, stop) => StarvedThreadPool.ServeAsync(arguments.GetRequiredValue(starvingEngine), arguments.GetRequiredValue(starvingFolder), stop));
root.Add(starving);

var plot = new Option<string?>("--plot") { Description = "File for the run as a picture, such as docs/images/soak.svg." };
var csv = new Option<string?>("--results") { Description = "Folder for soak.csv." };
var soak = new Command("soak", "A server under everything at once: churn, odd ends, WebSockets, new certificates, reloads, crashes of its actors, an upstream that comes and goes (--minutes 60).") { minutes, seed, csv, plot };
soak.SetAction(arguments => SoakRun.RunAsync(arguments.GetValue(minutes), arguments.GetValue(seed), arguments.GetValue(csv), arguments.GetValue(plot)));
root.Add(soak);

var crashFile = new Argument<string>("crashes");
var crashSeed = new Argument<int>("seed");
var settingsFile = new Argument<string>("settings");
var serveSoak = new Command("serve-soak", "The server of bench soak.") { Hidden = true, Arguments = { crashFile, crashSeed, settingsFile } };
serveSoak.SetAction(arguments => SoakRun.ServeAsync(arguments.GetRequiredValue(crashFile), arguments.GetRequiredValue(crashSeed), arguments.GetRequiredValue(settingsFile)));
root.Add(serveSoak);

var onlyServers = new Option<string[]>("--servers") { Description = "Parts of names: only these servers.", AllowMultipleArgumentsPerToken = true };
var page = new Option<string?>("--page") { Description = "Page whose table is written anew, such as docs/performance.md." };
var results = new Option<string?>("--results") { Description = "Folder for the figures as JSON.", DefaultValueFactory = _ => "bench/results" };
var compare = new Command("compare", "Actors443 beside plain Kestrel, nginx, HAProxy and Caddy: CPU, memory and latency, as ratios (about 20 minutes).") { rounds, only, onlyServers, page, results };
compare.SetAction(arguments => CompareServers.RunAsync(new ComparisonOrder(
    arguments.GetValue(rounds), arguments.GetValue(only), arguments.GetValue(onlyServers) ?? [], arguments.GetValue(page), arguments.GetValue(results))));
root.Add(compare);

var doh = new Command("doh", "DNS over HTTPS beside unbound's, driven by dnsperf with 200 queries outstanding: CPU of a cached query, and lost queries (a minute).") { rounds };
doh.SetAction(arguments => DohCost.RunAsync(arguments.GetValue(rounds)));
root.Add(doh);

var remoting = new Command("remoting", "Akka.Remote between two processes, over the https listener beside DotNetty with TLS: messages for a second of CPU, and the slowest (two minutes).") { rounds };
remoting.SetAction(arguments => RemotingCost.RunAsync(arguments.GetValue(rounds)));
root.Add(remoting);

var rotations = new Option<int>("--rotations") { Description = "New certificates of both nodes; half-way another CA, too.", DefaultValueFactory = _ => 20 };
var rotation = new Command("remoting-rotation", "Two processes stream numbers to each other by Akka.Remote while their certificates and their CA change: what is shown, what is lost, how often it went on upon new connections (a minute).") { rotations };
rotation.SetAction(arguments => RotationUnderLoad.RunAsync(arguments.GetValue(rotations)));
root.Add(rotation);

var certificatesFolder = new Argument<string>("folder");
var nodeName = new Argument<string>("name");
var transport = new Argument<string>("transport");
var ownPort = new Argument<int>("port");
var peerPort = new Argument<int>("peer");
var remotingNode = new Command("remoting-node", "One of the processes of remoting.") { Hidden = true, Arguments = { transport, ownPort, peerPort } };
remotingNode.SetAction(arguments => RemotingNode.RunAsync(arguments.GetRequiredValue(transport), arguments.GetValue(ownPort), arguments.GetValue(peerPort)));
root.Add(remotingNode);

var rotationNode = new Command("rotation-node", "One of the processes of remoting-rotation.") { Hidden = true, Arguments = { certificatesFolder, nodeName, ownPort, peerPort } };
rotationNode.SetAction(arguments => RotationNode.RunAsync(arguments.GetRequiredValue(certificatesFolder), arguments.GetRequiredValue(nodeName), arguments.GetValue(ownPort), arguments.GetValue(peerPort)));
root.Add(rotationNode);

var agree = new Command("agree", "Our load tester beside wrk and h2load against nginx: do they agree, and what does each cost (a minute)?") { rounds };
agree.SetAction(arguments => ToolAgreement.RunAsync(arguments.GetValue(rounds)));
root.Add(agree);

var port = new Argument<int>("port");
var folder = new Argument<string>("folder");
var upstream = new Argument<int>("upstream");
var serveKestrel = new Command("serve-kestrel", "Plain Kestrel, as compare starts it.") { port, folder, upstream };
serveKestrel.Hidden = true;
serveKestrel.SetAction((arguments, stop) => KestrelServer.ServeAsync(arguments.GetValue(port), arguments.GetValue(folder)!, arguments.GetValue(upstream), stop));
root.Add(serveKestrel);

var serve = new Command("serve", "One of the servers of actor-cost, for use by itself.") { kind };
serve.Hidden = true;
serve.SetAction((arguments, stop) => ComparedServers.ServeAsync(arguments.GetValue(kind)!, stop));
root.Add(serve);

return await root.Parse(args).InvokeAsync();
