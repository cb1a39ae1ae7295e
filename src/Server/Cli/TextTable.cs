using Spectre.Console;

namespace Actors443.Server.Cli;

/// <summary>Rows under headings: a table with lines on a terminal, columns padded with blanks elsewhere.</summary>
internal sealed class TextTable
{
    private readonly List<Column> _columns = [];
    private readonly List<Cell[]> _rows = [];

    public TextTable Left(string heading)
    {
        _columns.Add(new Column(heading, IsNumber: false));
        return this;
    }

    public TextTable Right(string heading)
    {
        _columns.Add(new Column(heading, IsNumber: true));
        return this;
    }

    public void Add(params Cell[] cells) => _rows.Add(cells);

    public void Write(CommandConsole console)
    {
        if (console.IsTerminal)
            console.Rich.Write(ToSpectre());
        else
            WritePlain(console.Output);
    }

    private Table ToSpectre()
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (Column column in _columns)
        {
            var header = new TableColumn(new Markup($"[bold]{Markup.Escape(column.Heading)}[/]"));
            table.AddColumn(column.IsNumber ? header.RightAligned().NoWrap() : header);
        }

        foreach (Cell[] row in _rows)
            table.AddRow(row.Select(cell => new Markup(cell.Style is null ? Markup.Escape(cell.Text) : $"[{cell.Style}]{Markup.Escape(cell.Text)}[/]")));
        return table;
    }

    private void WritePlain(TextWriter output)
    {
        int[] widths = [.. _columns.Select((column, i) => Math.Max(column.Heading.Length, _rows.Select(row => row[i].Text.Length).DefaultIfEmpty(0).Max()))];
        WriteLine([.. _columns.Select(column => column.Heading)]);
        foreach (Cell[] row in _rows)
            WriteLine([.. row.Select(cell => cell.Text)]);

        void WriteLine(string[] texts) => output.WriteLine(
            string.Join("  ", texts.Select((text, i) => _columns[i].IsNumber ? text.PadLeft(widths[i]) : text.PadRight(widths[i]))).TrimEnd());
    }

    private sealed record Column(string Heading, bool IsNumber);

    /// <param name="Text">Without markup.</param>
    /// <param name="Style">Of Spectre.Console, on a terminal alone; null: none.</param>
    internal readonly record struct Cell(string Text, string? Style = null)
    {
        public static implicit operator Cell(string text) => new(text);
    }
}
