// Settings of a sequence's sampler as the host packs them (src/NpcMind.Inference/StepInputs.cs).
struct SamplerSettings {
    float temperature;
    uint topK;          // 0: off
    float topP;         // 1: off
    float minP;         // 0: off
    float repetition;   // 1: off
    float frequency;
    float presence;
    uint lastTokens;    // how far back the penalties look
    uint seedLow;
    uint seedHigh;
    uint unused0;
    uint unused1;
};
