using System.Text;
using Actors443.Requests;

namespace Actors443.Samples.IotGateway;

/// <summary>Requests as messages to devices, and what they answer as replies.</summary>
internal static class DeviceHttp
{
    public static object ToMessage(ActorRequest request)
    {
        string device = request.Route["id"].ToString();
        return request.Method == "PUT" ? new Report(device, Encoding.UTF8.GetString(request.Body.Span)) : new Look(device);
    }

    public static ActorReply? ToReply(object answer) => answer switch
    {
        DeviceState state => ActorReply.Json(state),
        Refused refused => ActorReply.Problem(refused.Status, refused.Problem),
        _ => null,
    };
}
