// Measures llama.cpp's Vulkan backend: node peer.mjs MODEL PROMPT_TOKENS GENERATE_TOKENS. Loads and warms up once (the driver
// compiles llama.cpp's pipelines then), prints "ready", then one line of JSON for each line read. Exits 1 with a reason if
// Vulkan is not what llama.cpp uses.
import readline from "node:readline";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [path, promptTokens, generateTokens] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const llama = await getLlama({ gpu: "vulkan", build: "never", progressLogs: false, logLevel: LlamaLogLevel.error, vramPadding: 0 });
if (llama.gpu !== "vulkan") {
    console.error(`llama.cpp chose "${llama.gpu}", not Vulkan`);
    process.exit(1);
}
const devices = await llama.getGpuDeviceNames();
const model = await llama.loadModel({ modelPath: path, gpuLayers: "max", ignoreMemorySafetyChecks: true });
const contextSize = promptTokens + generateTokens + 64;
const context = await model.createContext({ contextSize, batchSize: promptTokens, ignoreMemorySafetyChecks: true });
const sequence = context.getSequence();
const sentence = "The blacksmith looked up from the anvil and greeted the traveller. ";
const prompt = model.tokenize(sentence.repeat(promptTokens)).slice(0, promptTokens);

/** Greedy tokens per second, the first one not counted, as `npcmind bench` counts. */
async function decode(count) {
    let n = 0, start = 0;
    for await (const _ of sequence.evaluate([prompt[0]], { temperature: 0, yieldEogToken: true })) {
        if (n === 0) start = performance.now();
        if (n++ === count) break;
    }
    return (n - 1) / ((performance.now() - start) / 1000);
}

async function measure(count) {
    await sequence.clearHistory();
    const start = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt); // the whole prompt in one batch
    const prefill = promptTokens / ((performance.now() - start) / 1000);
    return {
        prefill_tokens_per_s: prefill,
        decode_tokens_per_s: await decode(count),
        gpu_layers: model.gpuLayers,
        layers: model.fileInsights.totalLayers,
        devices,
    };
}

await measure(1);
console.log("ready");
for await (const _ of readline.createInterface({ input: process.stdin })) console.log(JSON.stringify(await measure(generateTokens)));
process.exit(0);
