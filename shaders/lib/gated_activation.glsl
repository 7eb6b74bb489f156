// What a gate does to what it gates (Shazeer 2020, GLU variants).
//   form 0: SiLU, gate / (1 + exp(-gate)) * up   1: GELU, tanh approximation
//   2: gpt-oss: g = min(gate, 7), u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1)
vec4 gated(vec4 gate, vec4 up, uint form) {
    if (form == 0) return gate / (1.0 + exp(-gate)) * up;
    if (form == 1) return vec4(gelu(gate.x, 1), gelu(gate.y, 1), gelu(gate.z, 1), gelu(gate.w, 1)) * up;
    gate = min(gate, vec4(7.0));
    up = clamp(up, vec4(-7.0), vec4(7.0));
    return gate / (1.0 + exp(-1.702 * gate)) * (up + 1.0);
}
