using Spectre.Console;

namespace Actors443.Server.Cli;

/// <summary>Rows under headings: a table with lines on a terminal, columns padded with blanks elsewhere.</summary>
internal sealed class TextTable
{
    /// <summary>A wrapping column is not made narrower than this, so that most names stay whole.</summary>
    private const int WrappedWidth = 16;

    private readonly List<Column> _columns = [];
    private readonly List<Cell[]> _rows = [];

    public TextTable Left(string heading) => With(new Column(heading, IsNumber: false, Wraps: false));

    /// <summary>Text that is broken into lines, on a terminal that is too narrow for the table.</summary>
    public TextTable Wrapping(string heading) => With(new Column(heading, IsNumber: false, Wraps: true));

    public TextTable Right(string heading) => With(new Column(heading, IsNumber: true, Wraps: false));

    public void Add(params Cell[] cells) => _rows.Add(cells);

    public void Write(CommandConsole console)
    {
        // Squeezed columns can be read by nobody; the lines of a plain table at least break where the terminal ends.
        if (console.IsTerminal && NarrowestWidth() <= console.Rich.Profile.Width)
            console.Rich.Write(ToSpectre());
        else
            WritePlain(console.Output);
    }

    private TextTable With(Column column)
    {
        _columns.Add(column);
        return this;
    }

    private int[] NaturalWidths() =>
        [.. _columns.Select((column, i) => Math.Max(column.Heading.Length, _rows.Select(row => row[i].Text.Length).DefaultIfEmpty(0).Max()))];

    /// <summary>What the table with lines takes at least, with three blanks between its columns.</summary>
    private int NarrowestWidth() => NaturalWidths().Zip(_columns, (width, column) => 3 + (column.Wraps ? Math.Min(width, WrappedWidth) : width)).Sum() + 1;

    private Table ToSpectre()
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (Column column in _columns)
        {
            var header = new TableColumn(new Markup($"[bold]{Markup.Escape(column.Heading)}[/]"));
            if (column.IsNumber)
                header.RightAligned();
            if (!column.Wraps)
                header.NoWrap();
            table.AddColumn(header);
        }

        foreach (Cell[] row in _rows)
            table.AddRow(row.Select(cell => new Markup(cell.Style is null ? Markup.Escape(cell.Text) : $"[{cell.Style}]{Markup.Escape(cell.Text)}[/]")));
        return table;
    }

    private void WritePlain(TextWriter output)
    {
        int[] widths = NaturalWidths();
        WriteLine([.. _columns.Select(column => column.Heading)]);
        foreach (Cell[] row in _rows)
            WriteLine([.. row.Select(cell => cell.Text)]);

        void WriteLine(string[] texts) => output.WriteLine(
            string.Join("  ", texts.Select((text, i) => _columns[i].IsNumber ? text.PadLeft(widths[i]) : text.PadRight(widths[i]))).TrimEnd());
    }

    private sealed record Column(string Heading, bool IsNumber, bool Wraps);

    /// <param name="Text">Without markup.</param>
    /// <param name="Style">Of Spectre.Console, on a terminal alone; null: none.</param>
    internal readonly record struct Cell(string Text, string? Style = null)
    {
        public static implicit operator Cell(string text) => new(text);
    }
}
