// What a gate does to what it gates (Shazeer 2020, GLU variants).
//   GateFormSilu: SiLU, gate / (1 + exp(-gate)) * up   GateFormGeluTanh: GELU, tanh approximation
//   GateFormClampedSilu: gpt-oss: g = min(gate, 7), u = clamp(up, -7, 7): g * sigmoid(1.702 g) * (u + 1)
vec4 gated(vec4 gate, vec4 up, uint form) {
    if (form == GateFormSilu) return gate / (1.0 + exp(-gate)) * up;
    const uint tanhForm = ActivationFormGeluTanh;
    if (form == GateFormGeluTanh)
        return vec4(gelu(gate.x, tanhForm), gelu(gate.y, tanhForm), gelu(gate.z, tanhForm), gelu(gate.w, tanhForm)) * up;
    gate = min(gate, vec4(7.0));
    up = clamp(up, vec4(-7.0), vec4(7.0));
    return gate / (1.0 + exp(-1.702 * gate)) * (up + 1.0);
}
