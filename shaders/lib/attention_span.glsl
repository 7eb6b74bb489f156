// Which earlier tokens a row sees (src/NpcMind.Inference/Model/AttentionSpan.cs): all, those of its chunk of spanTokens, or the last spanTokens.
uint firstVisible(uint position) {
    if (Span == 1) return position - position % spanTokens;
    if (Span == 2) return position >= spanTokens ? position - spanTokens + 1 : 0;
    return 0;
}
