using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;

namespace Actors443.Configuration.Hocon;

// Words, strings, blanks and the place in the text.
internal sealed partial class HoconScanner
{
    private static readonly SearchValues<char> EndsOfUnquoted = SearchValues.Create("\r\n,#]} ");
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private void ScanUnquoted(string path)
    {
        int start = _at;
        while (!AtEnd && !IsLineEnd() && !Reserved.Contains(Current, StringComparison.Ordinal))
            Advance();
        if (Current is ':' or '=' && !AtEnd)
        {
            int end = _text.AsSpan(start).IndexOfAny(EndsOfUnquoted);
            string value = end < 0 ? _text[start..] : _text.Substring(start, end);
            throw Wrong(value.Contains(Current, StringComparison.Ordinal)
                ? $"'{Current}' in the value of '{path}' must stand in quotes; write \"{value}\""
                : $"unexpected '{Current}' in the value of '{path}'; write one setting a line, or a comma between them");
        }

        if (_at == start)
            throw Wrong($"unexpected '{Current}' in the value of '{path}'; {QuoteAdvice()}");
    }

    private string ScanQuoted()
    {
        HoconPosition open = Here;
        Advance();
        var value = new StringBuilder();
        while (Current != '"')
        {
            if (AtEnd || Current == '\n')
                throw new HoconSyntaxException(open, "a string is never closed; write '\"' at its end, or \"\"\"…\"\"\" around several lines");
            if (Current != '\\')
            {
                value.Append(Current);
                Advance();
                continue;
            }

            Advance();
            switch (Current)
            {
                case '"' or '\\' or '/':
                    value.Append(Current);
                    break;
                case 'b' or 'f' or 'n' or 'r' or 't':
                    value.Append("\b\f\n\r\t"["bfnrt".IndexOf(Current, StringComparison.Ordinal)]);
                    break;
                case 'u' when _at + 4 < _text.Length && !_text.AsSpan(_at + 1, 4).ContainsAnyExcept(HexDigits) && !_text.AsSpan(_at + 1, 4).SequenceEqual("0000"):
                    value.Append((char)Convert.ToInt32(_text.Substring(_at + 1, 4), 16));
                    Advance(4);
                    break;
                default:
                    throw Wrong($"'\\{Current}' means nothing in a string; write '\\\\' for a backslash");
            }

            Advance();
        }

        Advance();
        return value.ToString();
    }

    private void ScanTripleQuoted()
    {
        HoconPosition open = Here;
        Advance(3);
        while (!At("\"\"\""))
        {
            if (AtEnd)
                throw new HoconSyntaxException(open, "a string is never closed; write '\"\"\"' at its end");
            Advance();
        }

        Advance(3);
    }

    [GeneratedRegex(@"\G\[[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*\](:\d+)?")]
    private static partial Regex BracketedAddress();

    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in value)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }

    private string QuoteAdvice() => Current is '"' or '}' or ']' or '[' or '{' ? "write one setting a line, or a comma between them" : "write the value in quotes";

    private void SkipBlank()
    {
        while (!AtEnd)
        {
            if (IsComment())
                SkipComment();
            else if (char.IsWhiteSpace(Current))
                Advance();
            else
                return;
        }
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t')
            Advance();
    }

    private void SkipComment()
    {
        while (!AtEnd && Current != '\n')
            Advance();
    }

    private bool IsComment() => Current == '#' || At("//");

    private bool IsLineEnd() => Current is '\n' or '\r' || IsComment();

    private bool At(string text) => string.CompareOrdinal(_text, _at, text, 0, text.Length) == 0;

    private void Advance(int count = 1)
    {
        for (int i = 0; i < count && !AtEnd; i++)
        {
            if (_text[_at++] == '\n')
                _line++;
        }
    }

    private void CopyUpTo(int end)
    {
        if (end > _copied)
            _rewritten.Append(_text, _copied, end - _copied);
        _copied = Math.Max(_copied, end);
    }

    // A line end separates as well as a comma does, and stays harmless where what stood before it was dropped.
    private void ReplaceComma()
    {
        CopyUpTo(_at);
        _rewritten.Append('\n');
        Advance();
        _copied = _at;
    }

    private HoconSyntaxException Wrong(string message) => new(Here, message);
}
