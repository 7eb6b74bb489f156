"""Models in files: what GGUF calls their parameters, and reading them from checkpoints and GGUF files."""
import os

import numpy as np
import torch

import gguf
from model import Config, Mind


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


def put_tensors(module, table, arrays):
    with torch.no_grad():
        state = module.state_dict()
        for name, parameter, rows, _ in table:
            target = state[parameter]
            x = torch.from_numpy(np.array(arrays[name])).view(part_of(target, rows, target.ndim == 1).shape)
            part_of(target, rows, target.ndim == 1).copy_(x)


def read_gguf(path, tokenizer):
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


def load(path, tokenizer):
    """A model from a checkpoint or from exported GGUF files (eyes.gguf or eyes.f32.gguf beside it)."""
    if path.endswith(".gguf"):
        return read_gguf(path, tokenizer)
    saved = torch.load(path)
    model = Mind(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model
