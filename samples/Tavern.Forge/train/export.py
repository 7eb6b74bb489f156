#!/usr/bin/python3
"""Writes a checkpoint as GGUF files for the product.

    export.py CHECKPOINT.pt --tokenizer TOKENIZER.json --out DIR

mind.f32.gguf and eyes.f32.gguf hold the trainer's numbers; mind.gguf (matrices Q8_0) and eyes.gguf (matrices F16) are those to ship.
"""
import argparse
import os

import numpy as np
import torch

import gguf
import tokenizer as tok
from model import Config, Mind

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


def names(c):
    """(GGUF name, parameter, slice of its rows or None, whether it is a matrix that may be quantised), in file order."""
    q, kv, h = c.heads * c.head_dim, c.kv_heads * c.head_dim, c.hidden
    yield "token_embd.weight", "token_embd", None, True
    for i in range(c.layers):
        g, p = f"blk.{i}.", f"blocks.{i}."
        yield g + "attn_norm.weight", p + "attn_norm", None, False
        yield g + "attn_q.weight", p + "qkv", (0, q), True
        yield g + "attn_k.weight", p + "qkv", (q, q + kv), True
        yield g + "attn_v.weight", p + "qkv", (q + kv, q + 2 * kv), True
        yield g + "attn_output.weight", p + "attn_output", None, True
        yield g + "ffn_norm.weight", p + "ffn_norm", None, False
        yield g + "ffn_gate_inp.weight", p + "router", None, False
        for g2, p2 in (("_exps", "_exps"), ("_shexp", "_shexp")):
            yield f"{g}ffn_gate{g2}.weight", f"{p}gate_up{p2}", (0, h), True
            yield f"{g}ffn_up{g2}.weight", f"{p}gate_up{p2}", (h, 2 * h), True
            yield f"{g}ffn_down{g2}.weight", f"{p}down{p2}", None, True
    yield "output_norm.weight", "output_norm", None, False


def eye_names(c):
    w = c.eye_width
    yield "v.patch_embd.weight", "patch_embd", None, True
    yield "v.class_embd", "class_embd", None, False
    yield "v.position_embd.weight", "position_embd", None, False
    for g in ("pre_ln", "post_ln"):
        yield f"v.{g}.weight", g, None, False
        yield f"v.{g}.bias", g + "_bias", None, False
    for i in range(c.eye_layers):
        g, p = f"v.blk.{i}.", f"blocks.{i}."
        for name in ("ln1", "ln2", "attn_out", "ffn_up", "ffn_down"):
            yield f"{g}{name}.weight", p + name, None, not name.startswith("ln")
            yield f"{g}{name}.bias", f"{p}{name}_bias", None, False
        for n, name in enumerate("qkv"):
            yield f"{g}attn_{name}.weight", p + "qkv", (n * w, (n + 1) * w), True
            yield f"{g}attn_{name}.bias", p + "qkv_bias", (n * w, (n + 1) * w), False
    yield "mm.model.mlp.1.weight", "mlp1", None, True
    yield "mm.model.mlp.2.weight", "mlp2", None, True
    yield "mm.model.fc.weight", "fc", None, True


def part_of(x, rows, vectors):
    """The rows of a matrix, of every matrix of a stack, or of a vector."""
    if rows is None:
        return x
    return x[rows[0]:rows[1]] if vectors or x.ndim == 2 else x[:, rows[0]:rows[1]]


def add_tensors(writer, state, table, matrices):
    for name, parameter, rows, is_matrix in table:
        x = state[parameter].detach().numpy()
        writer.tensor(name, part_of(x, rows, x.ndim == 1), matrices if is_matrix else gguf.F32)


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
    add_tensors(writer, model.state_dict(), names(c), matrices)
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
    add_tensors(writer, model.eyes.state_dict(), eye_names(c), matrices)
    writer.save(path)


def put_tensors(module, table, arrays):
    with torch.no_grad():
        state = module.state_dict()
        for name, parameter, rows, _ in table:
            target = state[parameter]
            x = torch.from_numpy(np.array(arrays[name])).view(part_of(target, rows, target.ndim == 1).shape)
            part_of(target, rows, target.ndim == 1).copy_(x)


def read_model(path, tokenizer):
    """The model in mind.gguf or mind.f32.gguf, with the eyes beside it if there are any."""
    keys, arrays = gguf.read(path)
    if keys["tokenizer.ggml.tokens"] != tokenizer.tokens:
        raise SystemExit(f"{path} has another tokenizer")
    k = {name[len("llama4."):]: value for name, value in keys.items() if name.startswith("llama4.")}
    model = Mind(Config(
        vocabulary=len(tokenizer.tokens), width=k["embedding_length"], layers=k["block_count"], heads=k["attention.head_count"],
        kv_heads=k["attention.head_count_kv"], head_dim=k["attention.key_length"], experts=k["expert_count"],
        hidden=k["expert_feed_forward_length"], rope_base=k["rope.freq_base"], chunk=k["attention.sliding_window"],
        context=k["context_length"]))
    put_tensors(model, names(model.c), arrays)
    folder, name = os.path.split(path)
    eyes = os.path.join(folder, name.replace("mind", "eyes"))
    if os.path.exists(eyes):
        put_tensors(model.eyes, eye_names(model.c), gguf.read(eyes)[1])
    else:
        print(f"no {eyes}: eyes start anew")
    return model


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
    import train
    tokenizer = tok.Tokenizer.load(args.tokenizer)
    export(train.initial(args.checkpoint, tokenizer), tokenizer, args.out)
    for name in sorted(os.listdir(args.out)):
        print(name, os.path.getsize(os.path.join(args.out, name)))


if __name__ == "__main__":
    main()
