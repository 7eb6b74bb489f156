// Which earlier tokens a row sees (src/NpcMind.Inference/Model/AttentionSpan.cs): all, those of its chunk of spanTokens, or the last
// spanTokens. Feature rows of a picture that is seen as a whole also see those behind them: row.w holds how many, above the feature row.
uint lastVisible(uvec4 row) { return row.y + (row.w >> AheadShift); }

uint firstVisible(uint position) {
    if (Span == AttentionSpanKindChunk) return position - position % spanTokens;
    if (Span == AttentionSpanKindWindow) return position >= spanTokens ? position - spanTokens + 1 : 0;
    return 0;
}
