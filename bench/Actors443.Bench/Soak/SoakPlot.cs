using System.Globalization;
using System.Text;

namespace Actors443.Bench.Soak;

/// <summary>The run as a picture (SVG): memory, descriptors and native objects over time.</summary>
internal static class SoakPlot
{
    private const int Width = 860;
    private const int Height = 180;
    private const int Left = 60;
    private const int Top = 24;

    public static string Draw(IReadOnlyList<SoakLook> looks)
    {
        (string Title, (string Name, string Colour, Func<SoakLook, double> Figure)[] Lines)[] charts =
        [
            ("Memory of the server, MiB", [("resident", "#1f3fd6", look => ServerHoldings.Mebibytes(look.Holdings.Resident)), ("garbage collector", "#0a8f6a", look => ServerHoldings.Mebibytes(look.Holdings.Managed))]),
            ("Descriptors, TLS sessions of OpenSSL, WebSockets", [("descriptors", "#1f3fd6", look => look.Holdings.Descriptors), ("TLS sessions", "#0a8f6a", look => look.Holdings.Sessions), ("WebSockets", "#b3541e", look => look.WebSockets)]),
            ("Connections accepted, thousands", [("accepted", "#1f3fd6", look => look.Accepted / 1000.0)]),
        ];
        int step = Height + Top + 40;
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width + Left + 20} {charts.Length * step + 10}\" font-family=\"sans-serif\" font-size=\"12\">");
        svg.AppendLine("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        double end = looks[^1].At.TotalMinutes;
        for (int number = 0; number < charts.Length; number++)
        {
            (string title, var lines) = charts[number];
            int y = number * step + Top;
            double most = Math.Max(1, lines.Max(line => looks.Max(line.Figure)) * 1.05);
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"{y - 8}\" font-weight=\"bold\">{title}</text>");
            for (int mark = 0; mark <= 4; mark++)
            {
                double height = y + Height - Height * mark / 4.0;
                svg.AppendLine(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {height:0.#}h{Width}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{height + 4:0.#}\" text-anchor=\"end\" fill=\"#555\">{most * mark / 4:0}</text>");
            }

            for (int tick = 0; tick <= 6; tick++)
                svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{Left + Width * tick / 6.0:0.#}\" y=\"{y + Height + 16}\" text-anchor=\"middle\" fill=\"#555\">{end * tick / 6:0.#} min</text>");
            for (int index = 0; index < lines.Length; index++)
            {
                (string name, string colour, var figure) = lines[index];
                string points = string.Join(' ', looks.Select(look => string.Create(CultureInfo.InvariantCulture, $"{Left + Width * look.At.TotalMinutes / end:0.#},{y + Height - Height * figure(look) / most:0.#}")));
                svg.AppendLine(CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/><text x=\"{Left + Width - 10}\" y=\"{y + 14 + index * 15}\" text-anchor=\"end\" fill=\"{colour}\">{name}</text>");
            }
        }

        return svg.AppendLine("</svg>").ToString();
    }
}
