namespace NpcMind.Jinja;

/// <summary>Text marked as HTML. Chat templates hardly use it, but the filters exist.</summary>
internal static class Markup
{
    /// <summary>Escapes a text that is not marked yet.</summary>
    public static TemplateString Escape(TemplateString text, Budget budget)
    {
        if (text.IsMarkup) return text;
        TemplateStringBuilder escaped = new(budget);
        for (int i = 0; i < text.Length; i++)
        {
            string? entity = text.Value[i] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&#34;",
                '\'' => "&#39;",
                _ => null
            };
            if (entity is null) escaped.Append(text, i, 1);
            else escaped.Append(entity, text.IsUntrustedAt(i));
        }

        return escaped.ToTemplateString(isMarkup: true);
    }

    /// <summary>Drops comments and tags, and joins runs of white space. Trust of the result is that of the whole.</summary>
    public static TemplateString StripTags(TemplateString text, Budget budget)
    {
        string value = text.Value;
        TemplateStringBuilder kept = new(budget);
        int at = 0;
        bool anyComment = true, anyTag = true; // whether a closing mark may still come
        while (at < text.Length)
        {
            int comment = anyComment && string.CompareOrdinal(value, at, "<!--", 0, 4) == 0
                ? value.IndexOf("-->", at + 4, StringComparison.Ordinal) : at;
            int tag = anyTag && value[at] == '<' ? value.IndexOf('>', at) : at;
            (anyComment, anyTag) = (anyComment && comment >= 0, anyTag && tag >= 0);
            if (comment > at) at = comment + 3;
            else if (tag > at) at = tag + 1;
            else kept.Append(text, at++, 1);
            budget.Spend();
        }

        string[] words = kept.ToTemplateString().Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return TemplateString.Of(Unescape(string.Join(' ', words)), text.HasUntrusted);
    }

    private static string Unescape(string text) => text.Replace("&lt;", "<", StringComparison.Ordinal)
        .Replace("&gt;", ">", StringComparison.Ordinal)
        .Replace("&#34;", "\"", StringComparison.Ordinal).Replace("&quot;", "\"", StringComparison.Ordinal)
        .Replace("&#39;", "'", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal);
}
