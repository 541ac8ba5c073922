"""The training step of benchmarks/transformerStep.ts in PyTorch: a causal transformer of 9 M parameters, loss and all
gradients. Started by benchmarks/torch.ts, which sets PyTorch up at its best.

Reads lines `float32 N` or `bfloat16 N` from standard input, takes N steps each, and answers with their milliseconds as a
JSON list. Says `{"ready": ...}` first.
"""
import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

config = json.loads(sys.argv[1])
BATCH, LENGTH, WIDTH, LAYERS, HEADS, VOCABULARY = (config[k] for k in ("batch", "length", "width", "layers", "heads", "vocabulary"))
torch.set_num_threads(config["threads"])


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.ln_2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 4 * WIDTH)
        self.down = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, mask):
        q, k, v = self.qkv(self.ln_1(x)).view(BATCH, LENGTH, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(WIDTH // HEADS) + mask
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(BATCH, LENGTH, WIDTH)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.ln_2(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(VOCABULARY, WIDTH)
        self.wpe = nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.02)
        self.h = nn.ModuleList(Block() for _ in range(LAYERS))
        self.ln_f = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        self.register_buffer("mask", torch.full((LENGTH, LENGTH), -1e9).triu(1))

    def forward(self, tokens, labels):
        x = self.wte(tokens) + self.wpe
        for block in self.h:
            x = block(x, self.mask)
        return F.cross_entropy(self.head(self.ln_f(x)).view(-1, VOCABULARY), labels.view(-1))


model = Transformer()
tokens, labels = (torch.randint(0, VOCABULARY, (BATCH, LENGTH)) for _ in range(2))


def step(reduced):
    model.zero_grad(set_to_none=True)
    start = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=reduced):
        loss = model(tokens, labels)
    loss.backward()
    return (time.perf_counter() - start) * 1e3


def product(size):
    """Milliseconds of one float32 product of square matrices: what its BLAS can do."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    start = time.perf_counter()
    a @ b
    return (time.perf_counter() - start) * 1e3


print(json.dumps({"ready": torch.__version__, "parameters": sum(p.numel() for p in model.parameters())}), flush=True)
for line in sys.stdin:
    what, count = line.split()
    run = {"float32": lambda: step(False), "bfloat16": lambda: step(True), "product": lambda: product(2048)}[what]
    print(json.dumps([run() for _ in range(int(count))]), flush=True)
