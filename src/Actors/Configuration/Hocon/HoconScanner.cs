using System.Text;

namespace Actors443.Configuration.Hocon;

/// <summary>What a <see cref="HoconScanner"/> asks of the sources it is part of.</summary>
internal interface IHoconScanContext
{
    HoconLines Lines { get; }

    /// <summary>The text of an included file, scanned and rewritten, without outer braces.</summary>
    string Include(string file, string includingFile, HoconPosition position, string path);

    /// <summary>What <c>${name}</c> stands for.</summary>
    HoconReference Resolve(string name);
}

/// <summary>What a <c>${…}</c> stands for.</summary>
/// <param name="IsSetting">Another setting: Akka's parser puts it in.</param>
/// <param name="Text">An environment variable's value; null with neither: nothing has that name.</param>
internal readonly record struct HoconReference(bool IsSetting, string? Text);

/// <summary>
/// Goes through one HOCON text, strictly, for three things that Akka's lenient parser does not do: it records the line of every path,
/// refuses what is not HOCON with its line, and rewrites the text so that includes and environment variables are in place. What the
/// rewritten text means is then Akka's business. One use, one thread.
/// </summary>
internal sealed partial class HoconScanner
{
    // What HOCON reserves: such characters stand in quotes or mean something.
    private const string Reserved = "$\"{}[]:=,+#`^?!@*&\\";

    private readonly IHoconScanContext _context;
    private readonly string _file;
    private readonly string _text;
    private readonly bool _hasLines;
    private readonly StringBuilder _rewritten = new();
    private int _at;
    private int _line = 1;
    private int _copied;

    private HoconScanner(IHoconScanContext context, string file, string text, bool hasLines)
    {
        _context = context;
        _file = file;
        _text = text;
        _hasLines = hasLines;
    }

    private enum ValueKind
    {
        Text,
        Section,
        List,
        Nothing,
    }

    private HoconPosition Here => new(_file, _hasLines ? _line : 0);

    private bool AtEnd => _at >= _text.Length;

    private char Current => AtEnd ? '\0' : _text[_at];

    /// <summary>Scans a whole text whose settings lie below <paramref name="path"/> and returns it rewritten, without outer braces.</summary>
    /// <exception cref="HoconSyntaxException">The text is not HOCON.</exception>
    public static string Scan(IHoconScanContext context, string file, string text, string path = HoconPath.Root, bool hasLines = true)
    {
        var scanner = new HoconScanner(context, file, text.StartsWith('\uFEFF') ? text[1..] : text, hasLines);
        scanner.ScanRoot(path);
        return scanner._rewritten.ToString();
    }

    private void ScanRoot(string path)
    {
        RefuseControlCharacters();
        SkipBlank();
        bool braces = Current == '{';
        HoconPosition open = Here;
        if (braces)
        {
            Advance();
            _copied = _at;
        }

        ScanFields(path, braces, open);
        CopyUpTo(braces ? _at - 1 : _at);
        SkipBlank();
        if (!AtEnd)
            throw Wrong($"unexpected '{Current}'; a '{{' is missing before it, or this one is too many");
    }

    // Binary files come here by mistake, and a NUL is not welcome in any path or name.
    private void RefuseControlCharacters()
    {
        int line = 1;
        foreach (char c in _text)
        {
            if (c == '\n')
                line++;
            else if (char.IsControl(c) && c is not ('\t' or '\r'))
                throw new HoconSyntaxException(new HoconPosition(_file, _hasLines ? line : 0), $"unexpected control character U+{(int)c:X4}; take it out, or name a text file");
        }
    }

    private void ScanFields(string path, bool untilBrace, HoconPosition open)
    {
        while (true)
        {
            SkipBlank();
            if (AtEnd)
            {
                if (untilBrace)
                    throw new HoconSyntaxException(open, path.Length == 0 ? "'{' is never closed; write '}'" : $"'{{' of '{path}' is never closed; write '}}'");
                return;
            }

            if (Current == '}')
            {
                if (untilBrace)
                    Advance();
                return;
            }

            if (Current == ',')
            {
                ReplaceComma();
                continue;
            }

            if (IsInclude())
                ScanInclude(path);
            else
                ScanField(path);
        }
    }

    private bool IsInclude() =>
        string.CompareOrdinal(_text, _at, "include", 0, 7) == 0 && _at + 7 < _text.Length
        && _text.AsSpan(_at + 7).TrimStart(" \t") is ['"', ..];

    private void ScanInclude(string path)
    {
        HoconPosition position = Here;
        CopyUpTo(_at);
        Advance(7);
        SkipSpaces();
        string included = ScanQuoted();
        // Fields of a section may come from another file: its text takes the place of the directive.
        _rewritten.Append('\n').Append(_context.Include(included, _file, position, path)).Append('\n');
        _copied = _at;
    }

    private void ScanField(string section)
    {
        CopyUpTo(_at);
        int before = _rewritten.Length;
        HoconPosition position = Here;
        string path = section;
        while (true)
        {
            if (path != section && !_context.Lines.Contains(path))
                _context.Lines.Assign(path, position, replaces: false);
            path = HoconPath.Child(path, ScanKey());
            SkipSpaces();
            if (Current != '.')
                break;
            Advance();
        }

        // A section may open on the next line, a value may not: that is how a forgotten value is noticed.
        if (Current is not ('=' or ':' or '{' or '+'))
            SkipBlank();
        if (Current == '{')
        {
            ScanSection(path, position);
            return;
        }

        if (Current == '+')
            throw Wrong($"'+=' of '{path}' is not supported; write '=' and the whole list");
        if (Current is not ('=' or ':'))
            throw new HoconSyntaxException(position, $"'{path}' has no value; write {path} = VALUE, or {path} {{ … }}");
        Advance();
        SkipSpaces();
        if (IsLineEnd())
        {
            int line = _line;
            SkipBlank();
            if (Current is not ('{' or '['))
                throw new HoconSyntaxException(position, $"'{path}' has no value; write one after '='{(_line > line ? " on the same line" : "")}");
        }

        if (Current == '{')
        {
            ScanSection(path, position);
            ExpectFieldEnd(path);
            return;
        }

        _context.Lines.Assign(path, position, replaces: true);
        if (ScanValue(path) == ValueKind.Nothing)
        {
            // An optional variable that is not set: the field is as if it had not been written.
            _rewritten.Length = before;
            _copied = _at;
            return;
        }

        ExpectFieldEnd(path);
    }

    private void ScanSection(string path, HoconPosition position)
    {
        _context.Lines.Assign(path, position, replaces: false);
        Advance();
        ScanFields(path, untilBrace: true, position);
    }

    private void ExpectFieldEnd(string path)
    {
        SkipSpaces();
        if (AtEnd || IsLineEnd() || Current is ',' or '}')
            return;
        throw Wrong($"unexpected '{Current}' in the value of '{path}'; {QuoteAdvice()}");
    }

    private string ScanKey()
    {
        if (Current == '"')
            return ScanQuoted();
        int start = _at;
        while (!AtEnd && Current is not ('.' or '\n' or '\r') && !Reserved.Contains(Current, StringComparison.Ordinal) && !IsComment())
            Advance();
        string key = _text[start.._at].TrimEnd();
        if (key.Length == 0)
            throw Wrong(AtEnd ? "a key is missing at the end" : $"unexpected '{Current}'; a key such as bind stands here, in quotes if it has other characters than letters, digits and '-'");
        return key;
    }

    /// <summary>Scans everything up to the end of the value: strings, lists and references side by side.</summary>
    private ValueKind ScanValue(string path)
    {
        var kind = ValueKind.Nothing;
        bool dropped = false;
        bool reference = false;
        while (true)
        {
            SkipSpaces();
            if (AtEnd || IsLineEnd() || Current is ',' or '}' or ']')
            {
                if (kind == ValueKind.Nothing && !dropped)
                    throw Wrong($"'{path}' has no value; write one after '='");
                return kind;
            }

            ValueKind part;
            if (Current == '"')
            {
                if (At("\"\"\""))
                    ScanTripleQuoted();
                else
                    ScanQuoted();
                part = ValueKind.Text;
            }
            else if (Current == '[')
            {
                if (BracketedAddress().Match(_text, _at) is { Success: true } address)
                    throw Wrong($"the address of '{path}' must stand in quotes; write \"{address.Value}\"");
                ScanList(path);
                part = ValueKind.List;
            }
            else if (Current == '{')
            {
                if (reference)
                    throw Wrong($"'{path}' joins ${{…}} and {{ … }}, which is not supported; write the section out");
                ScanSection(path, Here);
                part = ValueKind.Section;
            }
            else if (At("${"))
            {
                part = ScanReference(path);
                dropped |= part == ValueKind.Nothing;
                reference |= part != ValueKind.Nothing;
            }
            else
            {
                ScanUnquoted(path);
                part = ValueKind.Text;
            }

            if (part != ValueKind.Nothing)
                kind = part;
        }
    }

    private void ScanList(string path)
    {
        HoconPosition open = Here;
        Advance();
        for (int index = 0; ; index++)
        {
            SkipBlank();
            while (Current == ',')
            {
                ReplaceComma();
                SkipBlank();
            }

            if (AtEnd)
                throw new HoconSyntaxException(open, $"'[' of '{path}' is never closed; write ']'");
            if (Current == ']')
            {
                Advance();
                return;
            }

            if (Current == '}')
                throw Wrong($"unexpected '}}' in the list '{path}'; write ']' first");
            string element = HoconPath.Element(path, index);
            HoconPosition position = Here;
            if (Current == '{')
                ScanSection(element, position);
            else
            {
                _context.Lines.Assign(element, position, replaces: true);
                CopyUpTo(_at);
                if (ScanValue(element) == ValueKind.Nothing)
                    index--;
            }

            SkipSpaces();
            if (!AtEnd && !IsLineEnd() && Current is not (',' or ']' or '}'))
                throw Wrong($"unexpected '{Current}' in the list '{path}'; {QuoteAdvice()}");
        }
    }

    private ValueKind ScanReference(string path)
    {
        HoconPosition position = Here;
        CopyUpTo(_at);
        Advance(2);
        bool optional = Current == '?';
        if (optional)
            Advance();
        int start = _at;
        while (!AtEnd && Current is not ('}' or '\n'))
            Advance();
        if (Current != '}')
            throw new HoconSyntaxException(position, $"'${{' of '{path}' is never closed; write ${{NAME}}");
        string name = _text[start.._at].Trim();
        Advance();
        _copied = _at;
        if (name.Length == 0)
            throw new HoconSyntaxException(position, $"'{path}' has an empty ${{}}; write ${{NAME}}, or ${{?NAME}} if it may be missing");
        HoconReference resolved = _context.Resolve(name);
        if (resolved.IsSetting)
        {
            _context.Lines.Refer(path, name, position);
            _rewritten.Append("${").Append(name).Append('}');
            return ValueKind.Text;
        }

        if (resolved.Text is not null)
        {
            _rewritten.Append(Quote(resolved.Text));
            return ValueKind.Text;
        }

        if (!optional)
            throw new HoconSyntaxException(position, $"'{path}' needs the environment variable '{name}', which is not set; set it, or write ${{?{name}}} if it may be missing");
        return ValueKind.Nothing;
    }
}
