using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Supervision;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Actors443.Hosting;

/// <summary>
/// Around an application whose hosting begins a span for each request: says which trace that is in. The request that its connection was opened for goes on in the connection's trace, and what
/// a client says is believed only if the settings trust it.
/// </summary>
internal sealed class TracedApplication<TContext>(IHttpApplication<TContext> application, ServerEnvironment environment) : IHttpApplication<TContext>
    where TContext : notnull
{
    public TContext CreateContext(IFeatureCollection contextFeatures)
    {
        if (contextFeatures[typeof(IActorConnectionFeature)] is not EngineConnection connection)
            return application.CreateContext(contextFeatures);
        IHeaderDictionary headers = contextFeatures.GetRequiredFeature<IHttpRequestFeature>().Headers;
        if (environment.Settings.Https.TraceContext == TraceContextPolicy.Trust)
            return headers.TraceParent.Count > 0 ? application.CreateContext(contextFeatures) : Begin(contextFeatures, connection);
        var said = new ClientTrace(headers);
        if (said.IsNothing)
            return Begin(contextFeatures, connection);
        // For the application, and whatever it passes the request on to, they are headers like others.
        ClientTrace.TakeFrom(headers);
        try
        {
            return Begin(contextFeatures, connection);
        }
        finally
        {
            said.GiveBackTo(headers);
        }
    }

    public Task ProcessRequestAsync(TContext context) => application.ProcessRequestAsync(context);

    public void DisposeContext(TContext context, Exception? exception) => application.DisposeContext(context, exception);

    private TContext Begin(IFeatureCollection features, EngineConnection connection)
    {
        if (connection.Trace is not { } trace || !trace.TryTake())
            return application.CreateContext(features);
        // The hosting takes a parent from nowhere but the headers: the span of the handshake has ended, and cannot be current any more.
        IHeaderDictionary headers = features.GetRequiredFeature<IHttpRequestFeature>().Headers;
        headers.TraceParent = WireTrace.Of(trace.Handshake.Context).Parent;
        try
        {
            return application.CreateContext(features);
        }
        finally
        {
            headers.TraceParent = default;
        }
    }

    /// <summary>All that a request may say of a trace, also as .NET said it before W3C.</summary>
    private readonly struct ClientTrace(IHeaderDictionary headers)
    {
        private readonly StringValues _parent = headers.TraceParent;
        private readonly StringValues _state = headers.TraceState;
        private readonly StringValues _baggage = headers.Baggage;
        private readonly StringValues _id = headers.RequestId;
        private readonly StringValues _correlation = headers.CorrelationContext;

        public bool IsNothing => _parent.Count == 0 && _state.Count == 0 && _baggage.Count == 0 && _id.Count == 0 && _correlation.Count == 0;

        public static void TakeFrom(IHeaderDictionary headers) => headers.TraceParent = headers.TraceState = headers.Baggage = headers.RequestId = headers.CorrelationContext = default;

        public void GiveBackTo(IHeaderDictionary headers)
        {
            headers.TraceParent = _parent;
            headers.TraceState = _state;
            headers.Baggage = _baggage;
            headers.RequestId = _id;
            headers.CorrelationContext = _correlation;
        }
    }
}
