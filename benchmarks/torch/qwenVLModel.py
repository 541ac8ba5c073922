"""Qwen-VL in plain PyTorch, with the published parameter names: what a training step needs of the project's reference,
which is bit-equal to the original modeling_qwen.py and visual.py. Knows no optimiser and no clock.

In training mode there is neither NTK stretching nor logn, and dropout is 0. Nothing is padded, so that the only mask is
the causal one. Only supervised positions become logits, as an expert would have it.
"""
import math
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

class Norm(nn.LayerNorm):
    """Under autocast, products come in bfloat16 and the weights are float32, which LayerNorm does not mix."""

    def forward(self, x):
        return super().forward(x.type_as(self.weight))


visual_norm = partial(Norm, eps=1e-6)


def fit_grid(positions, count):
    """Positions of a square grid, fitted to `count` of them."""
    source, target = math.isqrt(positions.size(0)), math.isqrt(count)
    if source == target:
        return positions
    x = positions.float().reshape(1, source, source, -1).permute(0, 3, 1, 2)
    x = F.interpolate(x, size=(target, target), mode="bicubic", align_corners=False)
    return x.permute(0, 2, 3, 1).flatten(0, 2).to(positions.dtype)


def sines(width, places):
    frequencies = 1.0 / 10000 ** (np.arange(width // 2, dtype=np.float32) / (width / 2.0))
    angles = np.einsum("m,d->md", places.reshape(-1), frequencies)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def sine_table(width, side):
    columns, rows = np.meshgrid(np.arange(side, dtype=np.float32), np.arange(side, dtype=np.float32))
    return torch.from_numpy(np.concatenate([sines(width // 2, columns), sines(width // 2, rows)], axis=1)).float()


class Resampler(nn.Module):
    def __init__(self, side, width, heads, vision_width):
        super().__init__()
        self.pos_embed = nn.Parameter(sine_table(width, side))
        self.query = nn.Parameter(torch.randn(side**2, width) * 0.02)
        self.kv_proj = nn.Linear(vision_width, width, bias=False)
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_q = visual_norm(width)
        self.ln_kv = visual_norm(width)

    def forward(self, x):
        x = self.ln_kv(self.kv_proj(x)).permute(1, 0, 2)  # [patches, pictures, width]
        query = self.ln_q(self.query).unsqueeze(1).repeat(1, x.shape[1], 1) + self.pos_embed.unsqueeze(1)
        keys = x + fit_grid(self.pos_embed, x.size(0)).unsqueeze(1)
        return self.attn(query, keys, x, need_weights=False)[0].permute(1, 0, 2)


class VisualAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.each = heads, width // heads
        self.in_proj = nn.Linear(width, 3 * width)  # rows are [head][q|k|v][each]
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):  # [patches, pictures, width]
        s, b, c = x.shape
        parts = self.in_proj(x).view(s, b, self.heads, 3 * self.each).split(self.each, dim=-1)
        q, k, v = (part.reshape(s, b * self.heads, self.each).transpose(0, 1) for part in parts)
        weights = torch.bmm(q / math.sqrt(self.each), k.transpose(-2, -1)).softmax(dim=-1)
        mixed = torch.bmm(weights, v).view(b, self.heads, s, self.each).permute(2, 0, 1, 3).reshape(s, b, c)
        return self.out_proj(mixed)


class VisualMlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.c_fc = nn.Linear(width, inner)
        self.c_proj = nn.Linear(inner, width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class VisualBlock(nn.Module):
    def __init__(self, width, heads, mlp_ratio):
        super().__init__()
        self.ln_1, self.ln_2 = visual_norm(width), visual_norm(width)
        self.attn = VisualAttention(width, heads)
        self.mlp = VisualMlp(width, int(width * mlp_ratio))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class VisualBlocks(nn.Module):
    def __init__(self, c):
        super().__init__()
        blocks = [VisualBlock(c["width"], c["heads"], c["mlp_ratio"]) for _ in range(c["layers"])]
        self.resblocks = nn.ModuleList(blocks)


class VisionTransformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, out = c["width"], c["output_dim"]
        self.conv1 = nn.Conv2d(3, width, c["patch_size"], c["patch_size"], bias=False)
        self.positional_embedding = nn.Parameter(width**-0.5 * torch.randn(256, width))
        self.ln_pre = visual_norm(width)
        self.transformer = VisualBlocks(c)
        self.attn_pool = Resampler(math.isqrt(c["n_queries"]), out, out // 128, width)
        self.ln_post = visual_norm(out)
        self.proj = nn.Parameter(out**-0.5 * torch.randn(out, out))

    def patches(self, pixels):
        x = self.conv1(pixels.to(self.conv1.weight.dtype)).flatten(2).permute(0, 2, 1)
        x = self.ln_pre(x + fit_grid(self.positional_embedding, x.size(1))).permute(1, 0, 2)
        for block in self.transformer.resblocks:
            x = block(x)
        return x.permute(1, 0, 2)

    def features(self, patches):
        return self.ln_post(self.attn_pool(patches)) @ self.proj


class RMSNorm(nn.Module):
    def __init__(self, width, epsilon):
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        f = x.float()
        return (f * torch.rsqrt(f.pow(2).mean(-1, keepdim=True) + self.epsilon)).type_as(x) * self.weight


def turn(x, cosines, sines):
    a, b = x.float().chunk(2, dim=-1)
    return (x.float() * cosines + torch.cat((-b, a), dim=-1) * sines).type_as(x)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_size"]
        self.heads, self.each = c["num_attention_heads"], c["kv_channels"]
        self.c_attn = nn.Linear(width, 3 * self.heads * self.each)
        self.c_proj = nn.Linear(self.heads * self.each, width, bias=False)

    def forward(self, x, cosines, sines, mask):
        b, s, width = x.shape
        q, k, v = (part.view(b, s, self.heads, self.each) for part in self.c_attn(x).split(width, dim=2))
        q, k, v = turn(q, cosines, sines).transpose(1, 2), turn(k, cosines, sines).transpose(1, 2), v.transpose(1, 2)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.each) + mask, dim=-1)
        return self.c_proj((weights.type(v.dtype) @ v).transpose(1, 2).reshape(b, s, width))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        inner, width = c["intermediate_size"] // 2, c["hidden_size"]
        self.w1 = nn.Linear(width, inner, bias=False)
        self.w2 = nn.Linear(width, inner, bias=False)
        self.c_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.c_proj(self.w1(x) * F.silu(self.w2(x)))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, epsilon = c["hidden_size"], c["layer_norm_epsilon"]
        self.ln_1, self.ln_2 = RMSNorm(width, epsilon), RMSNorm(width, epsilon)
        self.attn = Attention(c)
        self.mlp = Mlp(c)

    def forward(self, x, cosines, sines, mask):
        x = x + self.attn(self.ln_1(x), cosines, sines, mask)
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.wte = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.h = nn.ModuleList(Block(c) for _ in range(c["num_hidden_layers"]))
        self.ln_f = RMSNorm(c["hidden_size"], c["layer_norm_epsilon"])
        self.visual = VisionTransformer(c["visual"])
        self.each, self.base = c["kv_channels"], c["rotary_emb_base"]

    def angles(self, length):
        frequencies = 1.0 / self.base ** (torch.arange(0, self.each, 2).float() / self.each)
        turns = torch.outer(torch.arange(length).float(), frequencies)
        both = torch.cat((turns, turns), -1)[:, None, :]  # [length, 1, each]
        return both.cos(), both.sin()

    def forward(self, tokens, pixels, slots, grad_of_tower):
        """slots: positions of the pictures' features in the flattened batch."""
        rows, length = tokens.shape
        with torch.set_grad_enabled(grad_of_tower):
            patches = self.visual.patches(pixels)
        features = self.visual.features(patches).flatten(0, 1)
        x = self.wte(tokens).flatten(0, 1)
        x = x.index_copy(0, slots, features.type_as(x)).view(rows, length, -1)
        mask = torch.full((length, length), torch.finfo(x.dtype).min, dtype=x.dtype).triu(1)
        cosines, sines = self.angles(length)
        for block in self.h:
            x = block(x, cosines, sines, mask)
        return self.ln_f(x)


class QwenVL(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.transformer = Transformer(c)
        self.lm_head = nn.Linear(c["hidden_size"], c["vocab_size"], bias=False)

    def forward(self, tokens, labels, pixels, slots, grad_of_tower=True):
        """The mean loss of the next token, where it is supervised: labels above or equal to 0."""
        hidden = self.transformer(tokens, pixels, slots, grad_of_tower)
        targets = labels[:, 1:].flatten()
        supervised = (targets >= 0).nonzero().flatten()
        rows = hidden[:, :-1].flatten(0, 1).index_select(0, supervised)
        return F.cross_entropy(self.lm_head(rows), targets[supervised])
