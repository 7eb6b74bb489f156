"""Muon for matrices, AdamW for the rest."""
import torch


def orthogonal(x, steps):
    """Newton-Schulz iteration towards U V^T of x [n, rows, columns] (Jordan et al. 2024)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2).contiguous()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = torch.bmm(x, x.transpose(1, 2))
        s = torch.baddbmm(s, s, s, beta=b, alpha=c)
        x = torch.baddbmm(x, s, x, beta=a)
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, made orthogonal; a parameter with `blocks` is that many matrices one below the other."""

    def __init__(self, params, lr=0.02, momentum=0.95, weight_decay=0.01, steps=5):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay, steps=steps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].lerp_(p.grad, 1 - momentum)
                u = torch.lerp(p.grad, m, momentum).view(p.blocks, -1, p.shape[-1])
                scale = max(1.0, u.shape[1] / u.shape[2]) ** 0.5
                p.mul_(1 - lr * group["weight_decay"])
                p.view(p.blocks, -1, p.shape[-1]).add_(orthogonal(u, group["steps"]), alpha=-lr * scale)


def optimizers(model, muon_lr, embedding_lr, small_lr, steps=5, weight_decay=0.01):
    """[Muon, AdamW]; every group remembers its full rate in `peak`."""
    matrices = [p for p in model.parameters() if hasattr(p, "blocks")]
    tables = [p for n, p in model.named_parameters() if n == "token_embd"]
    rest = [p for n, p in model.named_parameters() if not hasattr(p, "blocks") and n != "token_embd"]
    adam = [dict(params=rest, lr=small_lr, weight_decay=0.0)]
    if tables:
        adam.append(dict(params=tables, lr=embedding_lr, weight_decay=0.0))
    result = [Muon(matrices, lr=muon_lr, steps=steps, weight_decay=weight_decay), torch.optim.AdamW(adam, betas=(0.9, 0.95), eps=1e-8)]
    for optimizer in result:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return result


def set_rates(optimizers, factor):
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * factor


def factor_at(step, share, warmup=50, decay=0.3, floor=0.05):
    """Linear warm-up by steps, then 1, then linear to `floor` in the last `decay` of the planned time."""
    warm = min(1.0, (step + 1) / warmup)
    return warm * (1.0 if share < 1 - decay else max(floor, 1 - (1 - floor) * (share - (1 - decay)) / decay))
