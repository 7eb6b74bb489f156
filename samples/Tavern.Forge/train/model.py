"""The mind (architecture llama4) and its eyes (image encoder of the llama4 form), as the product computes them.

All tokens of a batch lie one after the other, [N, width], without padding; `segments` says where conversations begin and end.
"""
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Config:
    vocabulary: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 6
    kv_heads: int = 3
    # Queries and keys are normed without a gain: no score exceeds sqrt(head_dim), and with 32 attention stayed blunt.
    head_dim: int = 64
    experts: int = 8
    hidden: int = 192          # of every expert and of the shared one
    rope_base: float = 10000.0
    chunk: int = 2048          # positions that a turning layer sees together: as long as the longest conversation
    epsilon: float = 1e-5
    context: int = 8192        # also the length of a temperature step: 1 in training
    # eyes
    picture: int = 112
    patch: int = 14
    eye_width: int = 128
    eye_heads: int = 4
    eye_layers: int = 4
    eye_hidden: int = 512
    adapter: int = 256

    @property
    def grid(self):
        return self.picture // self.patch

    @property
    def picture_tokens(self):
        return (self.grid // 2) ** 2

    def turns(self, layer):
        """Whether a layer has RoPE, normed queries and keys, and chunks; every fourth has none of them."""
        return (layer + 1) % 4 != 0


def matrix(rows, columns, gain=1.0, blocks=1, stack=()):
    """A parameter [*stack, rows, columns] that Muon takes, as `blocks` matrices one below the other."""
    p = nn.Parameter(torch.randn(*stack, rows, columns) * (gain * columns ** -0.5))
    p.blocks = blocks
    return p


def vector(length, value):
    return nn.Parameter(torch.full((length,), float(value)))


class RmsNormFunction(torch.autograd.Function):
    """y = w * x / sqrt(mean(x^2) + eps) over the last dimension; w may be None. One pass each way instead of autograd's six."""

    @staticmethod
    def forward(ctx, x, w, eps):
        r = torch.rsqrt_(x.square().mean(-1, keepdim=True).add_(eps))
        n = x * r
        ctx.save_for_backward(n, r, w)
        return n if w is None else n * w

    @staticmethod
    def backward(ctx, g):
        n, r, w = ctx.saved_tensors
        dw = None
        if w is not None:
            dw = torch.mul(g, n).sum(0)
            g = g * w
        d = (g * n).mean(-1, keepdim=True)
        return torch.addcmul(g, n, d, value=-1).mul_(r), dw, None


class SwiGlu(torch.autograd.Function):
    """[n, 2h] with gate and up side by side -> silu(gate) * up, [n, h]."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        gate, up = x.chunk(2, -1)
        return F.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        gate, up = x.chunk(2, -1)
        s = torch.sigmoid(gate)
        silu = gate * s
        out = torch.empty_like(x)
        dgate, dup = out.chunk(2, -1)
        torch.mul(g, silu, out=dup)
        # silu' = s + silu * (1 - s)
        torch.addcmul(s, silu, 1 - s, out=dgate)
        dgate.mul_(up).mul_(g)
        return out


MASK = torch.full((256, 256), float("-inf")).triu_(1)


class CausalAttention(torch.autograd.Function):
    """q [N, heads, d], k and v [N, kv, d], each of `segments` (start, end) by itself -> [N, heads, d].

    Queries go in blocks, so that little above the diagonal is computed. The heads of one key head lie one below
    the other: [kv, g * rows, d].
    """
    ROWS = 128

    @staticmethod
    def blocks(segments):
        for start, end in segments:
            at = start
            while at < end:
                rows = min(CausalAttention.ROWS, end - at)
                if end - at - rows < CausalAttention.ROWS // 2:
                    rows = end - at
                yield start, at, at + rows
                at += rows

    @staticmethod
    def fold(x, kv):
        """[rows, heads, d] -> [kv, g * rows, d]"""
        rows, heads, d = x.shape
        return x.view(rows, kv, heads // kv, d).permute(1, 2, 0, 3).reshape(kv, heads // kv * rows, d)

    @staticmethod
    def unfold(x, heads):
        """[kv, g * rows, d] -> [rows, heads, d]"""
        kv, n, d = x.shape
        g = heads // kv
        return x.view(kv, g, n // g, d).permute(2, 0, 1, 3).reshape(n // g, heads, d)

    @staticmethod
    def forward(ctx, q, k, v, segments):
        n, heads, d = q.shape
        kv = k.shape[1]
        q = q * d ** -0.5
        out, weights = torch.empty_like(q), []
        kt, vt = k.transpose(0, 1).contiguous(), v.transpose(0, 1).contiguous()
        for first, start, end in CausalAttention.blocks(segments):
            rows, seen = end - start, end - first
            s = torch.bmm(CausalAttention.fold(q[start:end], kv), kt[:, first:end].transpose(1, 2))
            s.view(kv, heads // kv, rows, seen)[..., seen - rows:].add_(MASK[:rows, :rows])
            p = torch.softmax(s, -1)
            weights.append(p)
            out[start:end] = CausalAttention.unfold(torch.bmm(p, vt[:, first:end]), heads)
        ctx.save_for_backward(q, kt, vt)
        ctx.weights, ctx.segments = weights, segments
        return out

    @staticmethod
    def backward(ctx, g):
        q, kt, vt = ctx.saved_tensors
        n, heads, d = q.shape
        kv = kt.shape[0]
        dq, dk, dv = torch.empty_like(q), torch.zeros_like(kt), torch.zeros_like(vt)
        for (first, start, end), p in zip(CausalAttention.blocks(ctx.segments), ctx.weights):
            go = CausalAttention.fold(g[start:end], kv)
            dv[:, first:end] += torch.bmm(p.transpose(1, 2), go)
            dp = torch.bmm(go, vt[:, first:end].transpose(1, 2))
            ds = torch._softmax_backward_data(dp, p, -1, torch.float32)
            dq[start:end] = CausalAttention.unfold(torch.bmm(ds, kt[:, first:end]), heads)
            dk[:, first:end] += torch.bmm(ds.transpose(1, 2), CausalAttention.fold(q[start:end], kv))
        ctx.weights = None
        return dq.mul_(d ** -0.5), dk.transpose(0, 1), dv.transpose(0, 1), None


def turn(x, angles):
    """Rotates neighbours in pairs: x [..., heads, d], angles complex [..., 1, d / 2]."""
    z = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(z * angles).reshape(x.shape)


def turns_of(positions, dimensions, base):
    """cos + i sin, complex [len(positions), 1, dimensions / 2]."""
    frequencies = base ** (-torch.arange(0, dimensions, 2, dtype=torch.float64) / dimensions)
    angle = positions.double()[:, None] * frequencies
    return torch.polar(torch.ones_like(angle), angle).to(torch.complex64)[:, None, :]


class Block(nn.Module):
    def __init__(self, c, layer):
        super().__init__()
        self.c, self.turning = c, c.turns(layer)
        rows, kv = c.heads * c.head_dim, c.kv_heads * c.head_dim
        small = 0.3 * (2 * c.layers) ** -0.5
        self.attn_norm = vector(c.width, 1)
        self.qkv = matrix(rows + 2 * kv, c.width, 1.0, blocks=(rows + 2 * kv) // kv)
        self.attn_output = matrix(c.width, rows, small)
        self.ffn_norm = vector(c.width, 1)
        self.router = nn.Parameter(torch.randn(c.experts, c.width) * 0.02)
        self.gate_up_exps = matrix(2 * c.hidden, c.width, 1.0, blocks=2 * c.experts, stack=(c.experts,))
        self.down_exps = matrix(c.width, c.hidden, small, blocks=c.experts, stack=(c.experts,))
        self.gate_up_shexp = matrix(2 * c.hidden, c.width, 1.0, blocks=2)
        self.down_shexp = matrix(c.width, c.hidden, small)

    @torch.no_grad()
    def look_back(self, distances, shared):
        """Lets the first heads, which share a key head, begin by attending to the tokens so far back. All embeddings
        begin with a part in common: it gives queries and keys a constant, and the turning between them is then a matter
        of distance alone. Where looking something up has to find out both what stood before and that it matters, half
        of it is there."""
        c, pairs = self.c, 6
        angle = c.rope_base ** (-torch.arange(0, 2 * pairs, 2) / c.head_dim)
        direction = shared / shared.norm()
        for row, turn in [(i * c.head_dim, angle * -d) for i, d in enumerate(distances)] + [(c.heads * c.head_dim, angle * 0)]:
            head = torch.zeros(c.head_dim)
            head[0:2 * pairs:2], head[1:2 * pairs:2] = turn.cos(), turn.sin()
            self.qkv[row:row + c.head_dim] = head[:, None] * direction

    def forward(self, x, angles, segments, chunks):
        """x [N, width] -> (x, load [experts], balance loss)"""
        x = x + self.attend(RmsNormFunction.apply(x, self.attn_norm, self.c.epsilon), angles, segments, chunks)
        h = RmsNormFunction.apply(x, self.ffn_norm, self.c.epsilon)
        y, load, balance = self.mixture(h)
        shared = F.linear(SwiGlu.apply(F.linear(h, self.gate_up_shexp)), self.down_shexp)
        return x + y + shared, load, balance

    def attend(self, h, angles, segments, chunks):
        c, n = self.c, h.shape[0]
        qkv = F.linear(h, self.qkv).view(n, c.heads + 2 * c.kv_heads, c.head_dim)
        qk, v = qkv.split([c.heads + c.kv_heads, c.kv_heads], 1)
        if self.turning:
            qk = RmsNormFunction.apply(turn(qk, angles), None, c.epsilon)
        q, k = qk.split([c.heads, c.kv_heads], 1)
        a = CausalAttention.apply(q, k, v, chunks if self.turning else segments)
        return F.linear(a.reshape(n, -1), self.attn_output)

    def mixture(self, h):
        """The expert that the router likes best, its input scaled by the router's sigmoid; tokens sorted by expert."""
        c, n = self.c, h.shape[0]
        logits = F.linear(h, self.router)
        chosen = logits.detach().argmax(-1)
        weight = torch.sigmoid(logits.gather(1, chosen[:, None]))
        order = torch.argsort(chosen)
        counts = torch.bincount(chosen, minlength=c.experts)
        parts = (h * weight).index_select(0, order).split(counts.tolist())
        experts = zip(parts, self.gate_up_exps.unbind(0), self.down_exps.unbind(0))
        out = [F.linear(SwiGlu.apply(F.linear(part, up)), down) for part, up, down in experts]
        back = torch.empty_like(order)
        back[order] = torch.arange(n)
        y = torch.cat(out).index_select(0, back)
        load = counts.float() / n
        balance = c.experts * (load * torch.softmax(logits, -1).mean(0)).sum()
        return y, load, balance


class EyeBlock(nn.Module):
    def __init__(self, c):
        super().__init__()
        w, small = c.eye_width, 0.5 * (2 * c.eye_layers) ** -0.5
        self.c = c
        self.ln1, self.ln1_bias = vector(w, 1), vector(w, 0)
        self.qkv, self.qkv_bias = matrix(3 * w, w, 1.0, blocks=3), vector(3 * w, 0)
        self.attn_out, self.attn_out_bias = matrix(w, w, small), vector(w, 0)
        self.ln2, self.ln2_bias = vector(w, 1), vector(w, 0)
        self.ffn_up, self.ffn_up_bias = matrix(c.eye_hidden, w), vector(c.eye_hidden, 0)
        self.ffn_down, self.ffn_down_bias = matrix(w, c.eye_hidden, small), vector(w, 0)

    def forward(self, x, angles):
        """x [P, tokens, width]; every token sees all."""
        c = self.c
        p, n, w = x.shape
        d = w // c.eye_heads
        h = F.layer_norm(x, (w,), self.ln1, self.ln1_bias, c.epsilon)
        q, k, v = F.linear(h, self.qkv, self.qkv_bias).view(p, n, 3, c.eye_heads, d).unbind(2)
        q, k = turn(q, angles), turn(k, angles)
        q, k, v = (t.transpose(1, 2).reshape(p * c.eye_heads, n, d) for t in (q, k, v))
        a = torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)) * d ** -0.5, -1), v)
        a = a.view(p, c.eye_heads, n, d).transpose(1, 2).reshape(p, n, w)
        x = x + F.linear(a, self.attn_out, self.attn_out_bias)
        h = F.layer_norm(x, (w,), self.ln2, self.ln2_bias, c.epsilon)
        return x + F.linear(F.gelu(F.linear(h, self.ffn_up, self.ffn_up_bias)), self.ffn_down, self.ffn_down_bias)


class Eyes(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        w = c.eye_width
        self.patch_embd = matrix(w, 3 * c.patch * c.patch)
        self.class_embd = nn.Parameter(torch.randn(w) * 0.1)
        self.position_embd = nn.Parameter(torch.randn(c.grid ** 2 + 1, w) * 0.1)
        self.pre_ln, self.pre_ln_bias = vector(w, 1), vector(w, 0)
        self.blocks = nn.ModuleList(EyeBlock(c) for _ in range(c.eye_layers))
        self.post_ln, self.post_ln_bias = vector(w, 1), vector(w, 0)
        self.mlp1, self.mlp2 = matrix(c.adapter, 4 * w), matrix(c.adapter, c.adapter)
        self.fc = matrix(c.width, c.adapter, 0.2)
        place, half = torch.arange(c.grid ** 2), w // c.eye_heads // 2
        angles = torch.cat([turns_of(place % c.grid + 1, half, 10000.0), turns_of(place // c.grid + 1, half, 10000.0)], -1)
        self.angles = torch.cat([angles, torch.ones(1, 1, half, dtype=torch.complex64)])  # the class token does not turn

    def forward(self, pixels):
        """pixels u8 [P, picture, picture, 3] -> rows for the mind [P, tokens, width]"""
        c = self.c
        p, g, s, w = pixels.shape[0], c.grid, c.patch, c.eye_width
        x = (pixels.float() / 255 - 0.5) / 0.5
        x = x.view(p, g, s, g, s, 3).permute(0, 1, 3, 5, 2, 4).reshape(p, g * g, 3 * s * s)
        x = torch.cat([F.linear(x, self.patch_embd), self.class_embd.expand(p, 1, w)], 1) + self.position_embd
        x = F.layer_norm(x, (w,), self.pre_ln, self.pre_ln_bias, c.epsilon)
        for block in self.blocks:
            x = block(x, self.angles)
        x = F.layer_norm(x, (w,), self.post_ln, self.post_ln_bias, c.epsilon)[:, :-1]
        x = x.view(p, g // 2, 2, g // 2, 2, w).permute(0, 1, 3, 2, 4, 5).reshape(p, c.picture_tokens, 4 * w)
        return F.linear(F.gelu(F.linear(F.gelu(F.linear(x, self.mlp1)), self.mlp2)), self.fc)


class Mind(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        shared = torch.randn(1, c.width)
        self.token_embd = nn.Parameter((torch.randn(c.vocabulary, c.width) + shared) * 0.04)
        self.blocks = nn.ModuleList(Block(c, i) for i in range(c.layers))
        for layer, back in enumerate(((1, 2), (1, 3), (1, 4))):
            self.blocks[layer].look_back(back, shared[0])
        self.output_norm = vector(c.width, 1)
        self.eyes = Eyes(c)
        self.angles = turns_of(torch.arange(c.context), c.head_dim, c.rope_base)

    def forward(self, ids, segments, pictures=None, places=None):
        """ids [N]; segments [(start, end)]; pictures u8 [P, h, w, 3]; places [P * tokens]: rows of ids that pictures fill.

        Returns the normed rows [N, width] that `logits` takes, the experts' loads [layers, experts], the balance loss.
        """
        c = self.c
        x = F.embedding(ids, self.token_embd)
        if pictures is not None:
            x = x.index_copy(0, places, self.eyes(pictures).view(-1, c.width))
        angles = torch.cat([self.angles[:end - start] for start, end in segments])
        chunks = [(at, min(at + c.chunk, end)) for start, end in segments for at in range(start, end, c.chunk)]
        loads, balance = [], 0.0
        for block in self.blocks:
            x, load, b = block(x, angles, segments, chunks)
            loads.append(load)
            balance = balance + b
        return RmsNormFunction.apply(x, self.output_norm, c.epsilon), torch.stack(loads), balance / c.layers

    def logits(self, rows):
        return F.linear(rows, self.token_embd)
