// Which earlier tokens a row sees (src/NpcMind.Inference/Model/AttentionSpan.cs): all, those of its chunk of spanTokens, or the last
// spanTokens. Feature rows of a picture that is seen as a whole also see those behind them: row.w holds how many, above its low 16 bits.
uint lastVisible(uvec4 row) { return row.y + (row.w >> 16); }

uint firstVisible(uint position) {
    if (Span == 1) return position - position % spanTokens;
    if (Span == 2) return position >= spanTokens ? position - spanTokens + 1 : 0;
    return 0;
}
