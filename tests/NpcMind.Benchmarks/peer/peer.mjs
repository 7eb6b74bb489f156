// Measures llama.cpp's Vulkan backend: node peer.mjs MODEL PROMPT_TOKENS GENERATE_TOKENS. Prints one line of JSON, or exits 1 with a reason.
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [path, promptTokens, generateTokens] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const llama = await getLlama({ gpu: "vulkan", build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, vramPadding: 0 });
if (llama.gpu !== "vulkan") {
    console.error(`llama.cpp chose "${llama.gpu}", not Vulkan`);
    process.exit(1);
}
const devices = await llama.getGpuDeviceNames();
const model = await llama.loadModel({ modelPath: path, gpuLayers: "max", ignoreMemorySafetyChecks: true });
const context = await model.createContext({ contextSize: promptTokens + generateTokens + 64, batchSize: promptTokens, ignoreMemorySafetyChecks: true });
const sequence = context.getSequence();

// As NpcMind's own benchmark does: ordinary tokens, a first run thrown away (it compiles the pipelines), then the prompt in one batch and greedy decoding.
const words = model.tokenize("The blacksmith looked up from the anvil and greeted the traveller. ".repeat(promptTokens));
const prompt = words.slice(0, promptTokens);
async function decode(tokens, count) {
    let n = 0;
    const start = performance.now();
    for await (const _ of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true }))
        if (++n === count) break;
    return n / ((performance.now() - start) / 1000);
}
await sequence.evaluateWithoutGeneratingNewTokens(prompt);
await decode([prompt[0]], 2);
await sequence.clearHistory();

const start = performance.now();
await sequence.evaluateWithoutGeneratingNewTokens(prompt);
const prefill = promptTokens / ((performance.now() - start) / 1000);
const decoded = await decode([prompt[0]], generateTokens);
console.log(JSON.stringify({ prefill_tokens_per_s: prefill, decode_tokens_per_s: decoded, gpu_layers: model.gpuLayers, layers: model.fileInsights.totalLayers, devices }));
process.exit(0);
