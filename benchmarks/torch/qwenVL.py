"""A training step of Qwen-VL in PyTorch: forward, backward, clipping, and AdamW over what a stage trains. Started by
benchmarks/torch.ts, which sets PyTorch up at its best; the model is in qwenVLModel.py.

The configuration says `kind`: `float32`; `bfloat16`, with parameters, gradients and moments in bfloat16; or `autocast`,
with parameters in float32 and products in bfloat16. `tower` may be `no_grad`: the vision tower without a tape.

Reads lines `step N` from standard input, takes N steps, and answers with their milliseconds as a JSON list. Says
`{"ready": ...}` first, with the bytes that the process had before there was a model.
"""
import json
import sys
import time

import torch
from qwenVLModel import QwenVL


def resident_bytes():
    """Linux; 0 elsewhere."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))
    except OSError:
        return 0


config = json.loads(sys.argv[1])
torch.set_num_threads(config["threads"])
base = resident_bytes()
torch.manual_seed(0)
model = QwenVL(config["model"])
if config["kind"] == "bfloat16":
    model = model.bfloat16()

wanted = set(config["trained"])
names = {name for name, _ in model.named_parameters()}
if not wanted <= names:
    raise SystemExit(f"the model has no {sorted(wanted - names)[0]}")
for name, parameter in model.named_parameters():
    parameter.requires_grad_(name in wanted)
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimiser = torch.optim.AdamW(trained, foreach=True, **config["adamW"])

batch, size = config["batch"], config["batch"]["size"]
tokens, labels = (torch.tensor(batch[key]).view(batch["rows"], batch["length"]) for key in ("tokens", "labels"))
slots = torch.tensor(batch["slots"])
pixels = torch.randn(batch["rows"], 3, size, size)
grad_of_tower = config["tower"] != "no_grad"


def step():
    start = time.perf_counter()
    optimiser.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=config["kind"] == "autocast"):
        loss = model(tokens, labels, pixels, slots, grad_of_tower)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimiser.step()
    return (time.perf_counter() - start) * 1e3


ready = {"ready": torch.__version__, "baseBytes": base, "parameters": sum(p.numel() for p in model.parameters())}
print(json.dumps(ready), flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line.split()[1]))]), flush=True)
