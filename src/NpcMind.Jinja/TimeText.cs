using System.Globalization;
using System.Text;

namespace NpcMind.Jinja;

/// <summary>strftime with English names.</summary>
internal static class TimeText
{
    public static string Format(DateTime time, string format, Budget budget)
    {
        StringBuilder text = new();
        budget.Spend(format.Length);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 >= format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            char flag = format[i + 1] is '-' or '_' or '0' or '^' && i + 2 < format.Length ? format[++i] : '\0';
            string? part = Part(time, format[++i], budget);
            text.Append(part is null ? format[(flag == '\0' ? i - 1 : i - 2)..(i + 1)] : Flagged(part, flag));
            budget.Spend();
        }

        return text.ToString();
    }

    private static string Flagged(string part, char flag) => flag switch
    {
        '-' => part.TrimStart('0', ' ') is { Length: > 0 } bare ? bare : "0",
        '_' => part.TrimStart('0').PadLeft(part.Length),
        '0' => part.Replace(' ', '0'),
        '^' => part.ToUpperInvariant(),
        _ => part,
    };

    private static string? Part(DateTime time, char code, Budget budget)
    {
        int weekday = (int)time.DayOfWeek, hour = time.Hour % 12 == 0 ? 12 : time.Hour % 12;
        return code switch
        {
            'Y' => Text("yyyy"),
            'm' => Text("MM"),
            'd' => Text("dd"),
            'H' => Text("HH"),
            'M' => Text("mm"),
            'S' => Text("ss"),
            'y' => Text("yy"),
            'b' or 'h' => Text("MMM"),
            'B' => Text("MMMM"),
            'a' => Text("ddd"),
            'A' => Text("dddd"),
            'p' => time.Hour < 12 ? "AM" : "PM",
            'P' => time.Hour < 12 ? "am" : "pm",
            'I' => Number(hour, 2),
            'l' => Number(hour, 1).PadLeft(2),
            'k' => Number(time.Hour, 1).PadLeft(2),
            'e' => Number(time.Day, 1).PadLeft(2),
            'j' => Number(time.DayOfYear, 3),
            'f' => Number((int)(time.Ticks % TimeSpan.TicksPerSecond / 10), 6),
            'w' => Number(weekday, 1),
            'u' => Number(weekday == 0 ? 7 : weekday, 1),
            'U' => Number((time.DayOfYear + 6 - weekday) / 7, 2),
            'W' => Number((time.DayOfYear + 6 - (weekday + 6) % 7) / 7, 2),
            'V' => Number(ISOWeek.GetWeekOfYear(time), 2),
            'G' => Number(ISOWeek.GetYear(time), 4),
            'g' => Number(ISOWeek.GetYear(time) % 100, 2),
            'C' => Number(time.Year / 100, 2),
            's' => ((long)(time.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds).ToString(CultureInfo.InvariantCulture),
            'D' or 'x' => Format(time, "%m/%d/%y", budget),
            'T' or 'X' => Format(time, "%H:%M:%S", budget),
            'R' => Format(time, "%H:%M", budget),
            'r' => Format(time, "%I:%M:%S %p", budget),
            'F' => Format(time, "%Y-%m-%d", budget),
            'c' => Format(time, "%a %b %e %H:%M:%S %Y", budget),
            'Z' or 'z' => "",
            'n' => "\n",
            't' => "\t",
            '%' => "%",
            _ => null,
        };

        string Text(string format) => time.ToString(format, CultureInfo.InvariantCulture);
        static string Number(int value, int digits) =>
            value.ToString("D" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
