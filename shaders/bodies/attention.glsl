// out[row, head] = sum over tokens t <= position of softmax(scale * q.k_t) v_t
// Causal attention over the blocks of each row's sequence.
//   q [rows, heads, Quads] f32 texels of 4   keys, values: lib/kv_layout.glsl   blockTable [slots, maxBlocks] u32
//   tiles [n] (first row, rows, slot, -): rows of one sequence at rising positions that share the work
//   rows [rows] (token, position, slot, tokens seen ahead << 16)
//   parts [row][head][split][ValueQuads + 1] vec4: the unnormalised sum, then (largest score, sum of weights, -, -); attention_combine
//   joins the splits
//   Direct: in a step of one split there is nothing to join; what attention_combine would make of it goes to result [rows, resultStride]
//   vec4. sinks [heads] f32 bits, if HasSinks.
//
// A row sees the tokens that lib/attention_span.glsl says. Splits lie at absolute positions; a tile begins with the first that its first
// row sees, and a split's part goes to place split % maxSplits, so that layers which see little work and store little however long the
// context is.
//
// SharedPlane: a token has one row for keys and values, whose first ValueQuads quads are the value (latent attention; DeepSeek-AI 2024).
//
// One workgroup per group of query heads that share a key/value head, tile and split; grid (groups, tiles, splits). A cluster takes every
// Slices-th page of its split: lane l scores token l of each of the page's four blocks for all Group heads (GQA), then the lanes hold
// neighbouring quads while values are summed. Softmax is online (Milakov & Gimelshein 2018); splits are those of Dao et al. 2023
// (Flash-Decoding), fixed by position, so that a row's result depends neither on its companions nor on how the prompt was cut.
// Reference: tests/NpcMind.Reference/Attention.cs
layout(constant_id = 1) const uint Quads = 16;    // head size / 4
layout(constant_id = 2) const uint Group = 1;     // query heads per workgroup
layout(constant_id = 3) const uint Queries = 1;   // most rows per tile
layout(constant_id = 4) const uint Slices = 1;    // clusters per workgroup
layout(constant_id = 5) const uint SplitPages = 16;
layout(constant_id = 6) const uint Span = 0;      // AttentionSpanKind
layout(constant_id = 8) const uint ValueQuads = 16; // value size / 4
layout(constant_id = 9) const bool SharedPlane = false;
layout(constant_id = 10) const bool Direct = false;
layout(constant_id = 11) const bool HasSinks = false;
layout(constant_id = 12) const bool SharesQueries = false; // each lane fetches one of eight quads of a query; shuffles do the rest
layout(constant_id = 7) const bool SoftCaps = false; // scores become softCap * tanh(score / softCap) (Gemma 2)

layout(push_constant) uniform Constants {
    uint heads;
    uint kvHeads;
    uint maxBlocks;
    uint maxSplits;
    float scale;
    float softCap;
    uint spanTokens;
    uint resultStride;
};
layout(binding = 0) uniform samplerBuffer q;
layout(binding = 1) uniform KvSampler keys;
layout(binding = 2) uniform KvSampler values;
layout(binding = 3) uniform usamplerBuffer blockTable;
layout(binding = 4) uniform usamplerBuffer tiles;
layout(binding = 5) uniform usamplerBuffer rows;
layout(binding = 6) writeonly buffer Parts { vec4 parts[]; };
layout(binding = 7) writeonly buffer Result { vec4 result[]; };
layout(binding = 8) uniform usamplerBuffer sinks;
layout(binding = 9) readonly buffer Query { vec4 query[]; }; // q, read by addresses that all lanes have in common

#include "lib/attention_span.glsl"

// Row `row` (quads, or scales) of a token's key.
KvTexel keyTexel(uint block, uint kvHead, uint row, uint token) {
    return texelFetch(keys, int(keyAt(block, kvHeads, kvHead, kvRows(Quads), row, token)));
}

// Row `row` (quads, or scales) of a token's value.
KvTexel valueTexel(uint block, uint kvHead, uint row, uint token) {
    return SharedPlane
        ? keyTexel(block, kvHead, row, token)
        : texelFetch(values, int(valueAt(block, kvHeads, kvHead, kvRows(Quads), row, token)));
}
const uint Columns = Group * Queries;                // (head, row) pairs computed together
const uint Chunks = (ValueQuads + (ClusterLanes - 1)) / ClusterLanes; // quads of a value per lane
const uint StepQuads = Columns > 4 ? 2u : 4u;        // of keys that are fetched together, so that their latencies overlap
const uint StepTokens = SharesQueries ? 4u : 1u;     // whose values a sum in memory (software) takes in before it is stored again
const float Hidden = -1e30;                          // score of a token that may not be seen; finite, so that differences stay numbers

// A quad of the query of column `c`. Rows past the tile's last are computed as that one, and not stored.
vec4 queryQuad(uint firstRow, uint lastRow, uint c, uint quad) {
    uint row = min(firstRow + c / Group, lastRow), head = gl_WorkGroupID.x * Group + c % Group;
    uint at = (row * heads + head) * Quads + quad;
    return SharesQueries ? texelFetch(q, int(at)) : query[at];
}

// Adds the products of the quads of a texel of keys to the scores. `held`: this lane's quad of each query.
void addScores(uint firstRow, uint lastRow, uint kvHead, uint block[PageBlocks], uint firstQuad, vec4 held[Columns],
    inout float keyScale[PageBlocks], inout float score[Columns][PageBlocks]) {
    KvTexel codes[PageBlocks];
    if (HasScales && firstQuad % KvScaleQuads == 0)
        [[unroll]] for (uint r = 0; r < PageBlocks; r++)
            keyScale[r] = unpackScale(
                keyTexel(block[r], kvHead, Quads / QuadsPerTexel + firstQuad / KvScaleQuads / ScalesPerTexel, clusterLane()),
                firstQuad / KvScaleQuads);
    [[unroll]] for (uint r = 0; r < PageBlocks; r++) codes[r] = keyTexel(block[r], kvHead, firstQuad / QuadsPerTexel, clusterLane());
    [[unroll]] for (uint part = 0; part < QuadsPerTexel; part++) {
        vec4 k[PageBlocks];
        [[unroll]] for (uint r = 0; r < PageBlocks; r++) {
            k[r] = unpackQuad(codes[r], part);
            if (HasScales) k[r] *= keyScale[r];
        }
        [[unroll]] for (uint c = 0; c < Columns; c++) {
            vec4 qv = SharesQueries ? subgroupShuffle(held[c], clusterBase() + (firstQuad + part) % ClusterLanes)
                : queryQuad(firstRow, lastRow, c, firstQuad + part);
            [[unroll]] for (uint r = 0; r < PageBlocks; r++)
                score[c][r] = fma(qv.w, k[r].w, fma(qv.z, k[r].z, fma(qv.y, k[r].y, fma(qv.x, k[r].x, score[c][r]))));
        }
    }
}

shared vec4 mergedSum[Slices > 1 ? Slices * ValueQuads : 1];
shared vec2 mergedScale[Slices];

void main() {
    uint lane = clusterLane();
    uint base = clusterBase();
    uint slice = clusterIndex();
    uint firstHead = gl_WorkGroupID.x * Group;
    uint kvHead = firstHead / (heads / kvHeads);
    uvec4 tile = texelFetch(tiles, int(gl_WorkGroupID.y));
    uint lastRow = tile.x + tile.y - 1;
    uint lastPosition = lastVisible(texelFetch(rows, int(lastRow)));
    uint lowestPage = firstVisible(texelFetch(rows, int(tile.x)).y) / PageTokens;
    uint split = lowestPage / SplitPages + gl_WorkGroupID.z;
    uint firstPage = split * SplitPages;
    uint endPage = min(firstPage + SplitPages, lastPosition / PageTokens + 1);
    if (tile.y == 0 || firstPage >= endPage) return;

    uint position[Queries];
    uint first[Queries];
    [[unroll]] for (uint i = 0; i < Queries; i++) {
        uvec4 row = texelFetch(rows, int(min(tile.x + i, lastRow)));
        position[i] = lastVisible(row);
        first[i] = firstVisible(row.y);
    }
    float largest[Columns];
    float total[Columns];
    vec4 sum[Columns][Chunks];
    [[unroll]] for (uint c = 0; c < Columns; c++) {
        largest[c] = Hidden;
        total[c] = 0.0;
        [[unroll]] for (uint k = 0; k < Chunks; k++) sum[c][k] = vec4(0.0);
    }

    for (uint page = firstPage + slice; page < endPage; page += Slices) {
        if (page < lowestPage) continue; // which slice has a page does not depend on where the tile begins
        uint block[PageBlocks];
        [[unroll]] for (uint r = 0; r < PageBlocks; r++)
            block[r] = texelFetch(blockTable, int(tile.z * maxBlocks + page * PageBlocks + r)).x;
        float score[Columns][PageBlocks];
        [[unroll]] for (uint c = 0; c < Columns; c++)
            [[unroll]] for (uint r = 0; r < PageBlocks; r++) score[c][r] = 0.0;
        float keyScale[PageBlocks];
        vec4 held[Columns];
        if (SharesQueries) {
            for (uint first = 0; first < Quads; first += ClusterLanes) {
                [[unroll]] for (uint c = 0; c < Columns; c++) held[c] = queryQuad(tile.x, lastRow, c, min(first + lane, Quads - 1));
                for (uint quad = first; quad < min(first + ClusterLanes, Quads); quad += QuadsPerTexel)
                    addScores(tile.x, lastRow, kvHead, block, quad, held, keyScale, score);
            }
        } else {
            [[dont_unroll]] for (uint first = 0; first < Quads; first += StepQuads)
                [[unroll]] for (uint i = 0; i < StepQuads; i += QuadsPerTexel)
                    if (Quads % StepQuads == 0 || first + i < Quads)
                        addScores(tile.x, lastRow, kvHead, block, first + i, held, keyScale, score);
        }
        float weight[Columns][PageBlocks];
        [[unroll]] for (uint c = 0; c < Columns; c++) {
            float top = Hidden;
            [[unroll]] for (uint r = 0; r < PageBlocks; r++) {
                uint token = page * PageTokens + r * BlockTokens + lane;
                bool seen = token >= first[c / Group] && token <= position[c / Group];
                score[c][r] *= scale;
                if (SoftCaps) score[c][r] = softCap * (1.0 - 2.0 / (exp(score[c][r] * (2.0 / softCap)) + 1.0)); // tanh
                if (!seen) score[c][r] = Hidden;
                top = max(top, score[c][r]);
            }
            top = max(largest[c], clusterMax(top));
            float shrink = exp(largest[c] - top);
            float added = 0.0;
            [[unroll]] for (uint r = 0; r < PageBlocks; r++) {
                weight[c][r] = score[c][r] > 0.5 * Hidden ? exp(score[c][r] - top) : 0.0;
                added += weight[c][r];
            }
            largest[c] = top;
            total[c] = total[c] * shrink + clusterSum(added);
            [[unroll]] for (uint k = 0; k < Chunks; k++) sum[c][k] *= shrink;
        }
        uint tokens = min(PageTokens, lastPosition + 1 - page * PageTokens);
        [[unroll]] for (uint r = 0; r < PageBlocks; r++) {
            if (r * BlockTokens >= tokens) break;
            float valueScale[Chunks];
            if (HasScales)
                [[unroll]] for (uint k = 0; k < Chunks; k++) 
                    valueScale[k] = unpackScale(valueTexel(block[r], kvHead, Quads / QuadsPerTexel + k / ScalesPerTexel, lane), k);
            [[unroll]] for (uint t = 0; t < BlockTokens; t += StepTokens) {
                float w[Columns][StepTokens];
                [[unroll]] for (uint c = 0; c < Columns; c++)
                    [[unroll]] for (uint i = 0; i < StepTokens; i++) w[c][i] = subgroupShuffle(weight[c][r], base + t + i);
                [[unroll]] for (uint k = 0; k < Chunks; k++) {
                    uint quad = min(k * ClusterLanes + lane, ValueQuads - 1);
                    vec4 v[StepTokens];
                    [[unroll]] for (uint i = 0; i < StepTokens; i++) {
                        v[i] = unpackQuad(valueTexel(block[r], kvHead, quad / QuadsPerTexel, t + i), quad);
                        if (HasScales) v[i] *= subgroupShuffle(valueScale[k], base + t + i);
                    }
                    [[unroll]] for (uint c = 0; c < Columns; c++)
                        [[unroll]] for (uint i = 0; i < StepTokens; i++) sum[c][k] = fma(vec4(w[c][i]), v[i], sum[c][k]);
                }
            }
        }
    }

    [[unroll]] for (uint c = 0; c < Columns; c++) {
        float top = largest[c];
        if (Slices > 1) {
            barrier();
            if (lane == 0) mergedScale[slice] = vec2(largest[c], total[c]);
            [[unroll]] for (uint k = 0; k < Chunks; k++)
                if (k * ClusterLanes + lane < ValueQuads) mergedSum[slice * ValueQuads + k * ClusterLanes + lane] = sum[c][k];
            barrier();
            [[unroll]] for (uint s = 0; s < Slices; s++) top = max(top, mergedScale[s].x);
            total[c] = 0.0;
            [[unroll]] for (uint k = 0; k < Chunks; k++) sum[c][k] = vec4(0.0);
            [[unroll]] for (uint s = 0; s < Slices; s++) {
                float shrink = exp(mergedScale[s].x - top);
                total[c] += mergedScale[s].y * shrink;
                [[unroll]] for (uint k = 0; k < Chunks; k++)
                    sum[c][k] += mergedSum[s * ValueQuads + min(k * ClusterLanes + lane, ValueQuads - 1)] * shrink;
            }
        }
        uint row = tile.x + c / Group;
        if (row > lastRow || slice != 0) continue;
        if (Direct) {
            uint head = firstHead + c % Group;
            float shrink = 1.0, whole = total[c];
            if (HasSinks) {
                float sink = uintBitsToFloat(texelFetch(sinks, int(head)).x), higher = max(top, sink);
                shrink = exp(top - higher);
                precise float withSink = total[c] * shrink + exp(sink - higher);
                whole = withSink;
            }
            [[unroll]] for (uint k = 0; k < Chunks; k++)
                if (k * ClusterLanes + lane < ValueQuads)
                    result[row * resultStride + head * ValueQuads + k * ClusterLanes + lane] = sum[c][k] * shrink / whole;
            continue;
        }
        uint at = ((row * heads + firstHead + c % Group) * maxSplits + split % maxSplits) * (ValueQuads + 1);
        [[unroll]] for (uint k = 0; k < Chunks; k++)
            if (k * ClusterLanes + lane < ValueQuads) parts[at + k * ClusterLanes + lane] = sum[c][k];
        if (lane == 0) parts[at + ValueQuads] = vec4(top, total[c], 0.0, 0.0);
    }
}
