using Actors443.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Bench;

/// <summary>
/// Requests with their supervision or without, in one process: two processes of the same program differ by more than what is measured. <c>/on</c> and
/// <c>/off</c> switch it.
/// </summary>
internal sealed class SwitchableSupervision(ConnectionRequests supervision) : IStartupFilter
{
    private volatile bool _on = true;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => application =>
    {
        application.Use(request =>
        {
            IApplicationBuilder branch = application.New();
            supervision.Configure(supervised => supervised.Run(request))(branch);
            RequestDelegate supervisedRequest = branch.Build();
            return context => Switch(context.Request.Path) ? supervisedRequest(context) : request(context);
        });
        next(application);
    };

    private bool Switch(PathString path)
    {
        if (path == "/on")
            _on = true;
        else if (path == "/off")
            _on = false;
        return _on;
    }
}
