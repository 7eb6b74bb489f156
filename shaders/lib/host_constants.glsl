// Generated from src/NpcMind.Inference/Kernels/ShaderConstants.cs: what host and shaders both know. Do not edit;
// NPCMIND_UPDATE=1 dotnet test tests/NpcMind.Tests -c Release --filter ShaderConstantsTests
// writes it anew.

// A cluster is neighbouring lanes of a subgroup.
const uint ClusterLanes = 8u;
const uint ClusterShift = 3u;
const uint LargestWorkgroup = 256u;

// Weights (Model/WeightLayout.cs): rows of a row group, columns of a chunk.
const uint GroupRows = 32u;
const uint ChunkColumns = 64u;

// Activations as integers (Kernels/MatMul.cs): columns of a block, and its words beside its integers.
const uint IntegerBlock = 32u;
const uint IntegerBlockExtraWords = 4u;

// KV cache (Kv/KvCache.cs): tokens of a block, blocks and tokens of a page, quads that share a scale.
const uint BlockTokens = 8u;
const uint PageBlocks = 4u;
const uint PageTokens = 32u;
const uint KvScaleQuads = 8u;
const uint KvQ4QuadsPerTexel = 2u;
const uint KvQ4ScalesPerTexel = 2u;

// Rows of a step (StepInputs.cs): the last word holds a feature row + 1 and, above it, how many tokens are seen ahead.
const uint TokenFromDevice = 4294967295u;
const uint FeatureMask = 65535u;
const uint AheadShift = 16u;

// Sampler (Kernels/Sampler.cs).
const uint NoToken = 4294967295u;
const uint KeyPasses = 4u;
const uint HistogramPasses = 8u;
const uint HistogramBins = 256u;

// Pictures (Vision/VisionJob.cs, NpcMind.Vision/ResampleTable.cs).
const uint HashLaneWords = 64u;
const uint ResampleBits = 22u;

// AttentionSpanKind (Model/AttentionSpan.cs).
const uint AttentionSpanKindFull = 0u;
const uint AttentionSpanKindChunk = 1u;
const uint AttentionSpanKindWindow = 2u;

// ActivationForm (Kernels/Activation.cs).
const uint ActivationFormGelu = 0u;
const uint ActivationFormGeluTanh = 1u;
const uint ActivationFormGeluQuick = 2u;
const uint ActivationFormRelu = 3u;

// GateForm (Kernels/Activation.cs).
const uint GateFormSilu = 0u;
const uint GateFormGeluTanh = 1u;
const uint GateFormClampedSilu = 2u;

// HeadNorm (Kernels/RopeKvWrite.cs).
const uint HeadNormNone = 0u;
const uint HeadNormAfterRope = 1u;
const uint HeadNormBeforeRope = 2u;

// RouterGate (Kernels/Router.cs).
const uint RouterGateSoftmax = 0u;
const uint RouterGateSigmoid = 1u;

// EmbeddingPooling (Embedding/EmbeddingConfig.cs).
const uint EmbeddingPoolingMean = 1u;
const uint EmbeddingPoolingFirst = 2u;
const uint EmbeddingPoolingLast = 3u;

// Units of weight formats (Model/WeightLayout.cs): texels of codes and words of scales per row and unit.
const uint F32_UnitTexels = 16u;
const uint F32_ScaleWords = 0u;
const uint F16_UnitTexels = 8u;
const uint F16_ScaleWords = 0u;
const uint BF16_UnitTexels = 8u;
const uint BF16_ScaleWords = 0u;
const uint Q4_0_UnitTexels = 2u;
const uint Q4_0_ScaleWords = 1u;
const uint Q4_1_UnitTexels = 2u;
const uint Q4_1_ScaleWords = 2u;
const uint Q5_0_UnitTexels = 2u;
const uint Q5_0_ScaleWords = 4u;
const uint Q5_1_UnitTexels = 2u;
const uint Q5_1_ScaleWords = 4u;
const uint Q8_0_UnitTexels = 4u;
const uint Q8_0_ScaleWords = 1u;
const uint Q4_K_UnitTexels = 9u;
const uint Q4_K_ScaleWords = 0u;
const uint Q5_K_UnitTexels = 11u;
const uint Q5_K_ScaleWords = 0u;
const uint Q6_K_UnitTexels = 13u;
const uint Q6_K_ScaleWords = 1u;
const uint Q2_K_UnitTexels = 5u;
const uint Q2_K_ScaleWords = 1u;
const uint Q3_K_UnitTexels = 7u;
const uint Q3_K_ScaleWords = 0u;
const uint IQ4_NL_UnitTexels = 2u;
const uint IQ4_NL_ScaleWords = 1u;
const uint IQ4_XS_UnitTexels = 8u;
const uint IQ4_XS_ScaleWords = 2u;
const uint MXFP4_UnitTexels = 2u;
const uint MXFP4_ScaleWords = 1u;
const uint TQ1_0_UnitTexels = 3u;
const uint TQ1_0_ScaleWords = 2u;
const uint TQ2_0_UnitTexels = 4u;
const uint TQ2_0_ScaleWords = 1u;
const uint IQ2_XXS_UnitTexels = 4u;
const uint IQ2_XXS_ScaleWords = 1u;
const uint IQ2_XS_UnitTexels = 5u;
const uint IQ2_XS_ScaleWords = 0u;
const uint IQ2_S_UnitTexels = 5u;
const uint IQ2_S_ScaleWords = 1u;
const uint IQ3_XXS_UnitTexels = 6u;
const uint IQ3_XXS_ScaleWords = 1u;
const uint IQ3_S_UnitTexels = 7u;
const uint IQ3_S_ScaleWords = 0u;
const uint IQ1_S_UnitTexels = 3u;
const uint IQ1_S_ScaleWords = 1u;
const uint IQ1_M_UnitTexels = 3u;
const uint IQ1_M_ScaleWords = 2u;

// Settings of a sequence's sampler (Kernels/SamplerWord.cs).
struct SamplerSettings {
    float temperature;
    uint topK;
    float topP;
    float minP;
    float repetition;
    float frequency;
    float presence;
    uint lastTokens;
    uint seedLow;
    uint seedHigh;
    uint unused10;
    uint unused11;
};
