#!/usr/bin/python3
"""Writes a checkpoint as GGUF files for the product.

    export.py CHECKPOINT.pt --tokenizer TOKENIZER.json --out DIR

mind.f32.gguf and eyes.f32.gguf hold the trainer's numbers; mind.gguf (matrices Q8_0) and eyes.gguf (matrices F16) are those to ship.
"""
import argparse
import os

import gguf
import tokenizer as tok
import weights

LICENSE, AUTHOR = "MIT", "NpcMind"


def general(writer, architecture, kind, name, size_label, file_type):
    return (writer.add("general.architecture", architecture).add("general.type", kind).add("general.name", name)
            .add("general.author", AUTHOR).add("general.license", LICENSE).add("general.size_label", size_label)
            .add("general.description", "A small model that answers as a character of the NpcMind tavern. "
                 "Trained from nothing on generated conversations and pictures.")
            .add("general.languages", ["en"]).add("general.file_type", file_type, "u32").add("general.quantization_version", 2, "u32"))


def add_tokenizer(writer, tokenizer):
    normal = len(tokenizer.tokens) - len(tok.CONTROLS)
    (writer.add("tokenizer.ggml.model", "gpt2").add("tokenizer.ggml.pre", "llama4")
     .add("tokenizer.ggml.tokens", tokenizer.tokens)
     .add("tokenizer.ggml.token_type", [1] * normal + [3] * len(tok.CONTROLS), "i32")
     .add("tokenizer.ggml.merges", [f"{a} {b}" for a, b in tokenizer.merges])
     .add("tokenizer.ggml.bos_token_id", tokenizer.control(tok.BOS), "u32")
     .add("tokenizer.ggml.eos_token_id", tokenizer.control(tok.EOT), "u32")
     .add("tokenizer.ggml.padding_token_id", tokenizer.control("<|finetune_right_pad|>"), "u32")
     .add("tokenizer.ggml.add_bos_token", True).add("tokenizer.ggml.add_eos_token", False)
     .add("tokenizer.chat_template", tok.TEMPLATE))


def vocabulary_file(tokenizer, path):
    """A file with nothing but a tokenizer, to compare that with the product's."""
    writer = gguf.Writer()
    general(writer, "llama4", "model", "NpcMind Tavern vocabulary", "0", 0)
    add_tokenizer(writer, tokenizer)
    writer.save(path)


def add_tensors(writer, state, table, matrices):
    for name, parameter, rows, is_matrix in table:
        x = state[parameter].detach().numpy()
        writer.tensor(name, weights.part_of(x, rows, x.ndim == 1), matrices if is_matrix else gguf.F32)


def write_mind(model, tokenizer, path, matrices):
    c, writer = model.c, gguf.Writer()
    parameters = sum(p.numel() for n, p in model.named_parameters() if not n.startswith("eyes."))
    general(writer, "llama4", "model", "NpcMind Tavern", f"8x{parameters / 8e6:.1f}M", {gguf.F32: 0, gguf.Q8_0: 7}[matrices])
    for key, value in (
            ("block_count", c.layers), ("context_length", c.context), ("embedding_length", c.width),
            ("feed_forward_length", c.hidden), ("attention.head_count", c.heads), ("attention.head_count_kv", c.kv_heads),
            ("attention.key_length", c.head_dim), ("attention.value_length", c.head_dim), ("rope.dimension_count", c.head_dim),
            ("expert_count", c.experts), ("expert_used_count", 1), ("expert_feed_forward_length", c.hidden),
            ("interleave_moe_layer_step", 1), ("vocab_size", c.vocabulary), ("attention.sliding_window", c.chunk),
            ("attention.temperature_length", c.context)):
        writer.add("llama4." + key, value, "u32")
    for key, value in (
            ("rope.freq_base", c.rope_base), ("attention.layer_norm_rms_epsilon", c.epsilon),
            ("attention.temperature_scale", 0.1)):
        writer.add("llama4." + key, value, "f32")
    add_tokenizer(writer, tokenizer)
    add_tensors(writer, model.state_dict(), weights.names(c), matrices)
    writer.save(path)


def write_eyes(model, path, matrices):
    c, writer = model.c, gguf.Writer()
    parameters = sum(p.numel() for p in model.eyes.parameters())
    general(writer, "clip", "mmproj", "NpcMind Tavern eyes", f"{parameters / 1e6:.1f}M", {gguf.F32: 0, gguf.F16: 1}[matrices])
    writer.add("clip.has_vision_encoder", True).add("clip.projector_type", "llama4").add("clip.use_gelu", True)
    for key, value in (
            ("projection_dim", c.width), ("image_size", c.picture), ("patch_size", c.patch), ("embedding_length", c.eye_width),
            ("feed_forward_length", c.eye_hidden), ("block_count", c.eye_layers), ("attention.head_count", c.eye_heads),
            ("projector.scale_factor", 2)):
        writer.add("clip.vision." + key, value, "u32")
    writer.add("clip.vision.attention.layer_norm_epsilon", c.epsilon, "f32")
    writer.add("clip.vision.image_mean", [0.5] * 3, "f32").add("clip.vision.image_std", [0.5] * 3, "f32")
    add_tensors(writer, model.eyes.state_dict(), weights.eye_names(c), matrices)
    writer.save(path)


def export(model, tokenizer, folder):
    os.makedirs(folder, exist_ok=True)
    write_mind(model, tokenizer, os.path.join(folder, "mind.f32.gguf"), gguf.F32)
    write_mind(model, tokenizer, os.path.join(folder, "mind.gguf"), gguf.Q8_0)
    write_eyes(model, os.path.join(folder, "eyes.f32.gguf"), gguf.F32)
    write_eyes(model, os.path.join(folder, "eyes.gguf"), gguf.F16)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint")
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    tokenizer = tok.Tokenizer.load(args.tokenizer)
    export(weights.load(args.checkpoint, tokenizer), tokenizer, args.out)
    for name in sorted(os.listdir(args.out)):
        print(name, os.path.getsize(os.path.join(args.out, name)))


if __name__ == "__main__":
    main()
