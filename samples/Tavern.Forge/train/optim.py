"""Muon for matrices, AdamW for the rest, on parameters that several processes may share."""
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


class Optimizer:
    """All state lies in shared memory: process w of n updates the parameters that are its own, with the mean of the gradients of all.

    A parameter with `blocks` is that many matrices one below the other and goes to Muon. `rates` maps "muon", "table",
    "small" to learning rates.
    """

    def __init__(self, model, rates, processes=1, steps=5, weight_decay=0.01, momentum=0.95, betas=(0.9, 0.95)):
        self.rates, self.steps, self.weight_decay, self.momentum, self.betas = rates, steps, weight_decay, momentum, betas
        self.params = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
        size = sum(p.numel() for _, p in self.params)
        self.values = torch.empty(size).share_memory_()
        self.grads = [torch.zeros(size).share_memory_() for _ in range(processes)]
        self.first, self.second = torch.zeros(size).share_memory_(), torch.zeros(size).share_memory_()
        self.count = torch.zeros(1, dtype=torch.int64).share_memory_()
        self.places, at = {}, 0
        for name, p in self.params:
            self.places[name] = slice(at, at + p.numel())
            self.values[self.places[name]] = p.detach().view(-1)
            p.data = self.values[self.places[name]].view(p.shape)
            at += p.numel()
        self.owner = self._share(processes)

    def _share(self, processes):
        """{name: process}, so that all have about the same work."""
        def work_of(p):
            if not hasattr(p, "blocks"):
                return p.numel() * 20.0
            columns = p.shape[-1]
            return p.numel() * (20.0 + self.steps * 3 * min(columns, p.numel() // p.blocks // columns))

        work = {name: work_of(p) for name, p in self.params}
        load, owner = [0.0] * processes, {}
        for name in sorted(work, key=work.get, reverse=True):
            owner[name] = load.index(min(load))
            load[owner[name]] += work[name]
        return owner

    def begin(self, process):
        """Gradients of this process go to its own buffer."""
        for name, p in self.params:
            p.grad = self.grads[process][self.places[name]].view(p.shape)

    def zero(self, process):
        self.grads[process].zero_()

    @torch.no_grad()
    def step(self, process, factor):
        """All gradients must be there; the caller waits for the other processes before and after."""
        time = int(self.count) + 1
        for name, p in self.params:
            if self.owner[name] != process:
                continue
            place = self.places[name]
            g = self.grads[0][place].clone()
            for other in self.grads[1:]:
                g += other[place]
            g = g.div_(len(self.grads)).view(p.shape)
            first, second = self.first[place].view(p.shape), self.second[place].view(p.shape)
            if hasattr(p, "blocks"):
                lr = self.rates["muon"] * factor
                first.lerp_(g, 1 - self.momentum)
                u = torch.lerp(g, first, self.momentum).view(p.blocks, -1, p.shape[-1])
                p.data.mul_(1 - lr * self.weight_decay)
                p.data.view(u.shape).add_(orthogonal(u, self.steps), alpha=-lr * max(1.0, u.shape[1] / u.shape[2]) ** 0.5)
            else:
                lr = self.rates["table" if name == "token_embd" else "small"] * factor
                first.lerp_(g, 1 - self.betas[0])
                second.mul_(self.betas[1]).addcmul_(g, g, value=1 - self.betas[1])
                scale = (second / (1 - self.betas[1] ** time)).sqrt_().add_(1e-8)
                p.data.addcdiv_(first, scale, value=-lr / (1 - self.betas[0] ** time))

    def stepped(self):
        """One process says so, after all have made their step."""
        self.count += 1

    def state(self):
        return dict(first=self.first, second=self.second, count=self.count)

    def restore(self, state):
        self.first.copy_(state["first"])
        self.second.copy_(state["second"])
        self.count.copy_(state["count"])


def factor_at(step, share, warmup=50, decay=0.3, floor=0.05):
    """Linear warm-up by steps, then 1, then linear to `floor` in the last `decay` of the planned time."""
    warm = min(1.0, (step + 1) / warmup)
    return warm * (1.0 if share < 1 - decay else max(floor, 1 - (1 - floor) * (share - (1 - decay)) / decay))
