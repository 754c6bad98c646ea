"""Compiles kernels with Triton for gfx942 and gfx950 (no GPU needed) into the folder named on the command line.

A second source of code that this project did not write: another compiler with its own instruction patterns.
Beside each code object stands a line in manifest.txt: name, architecture, waves, bytes of LDS.
"""

import pathlib
import sys

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


@triton.jit
def matmul(a, b, c, m, n, k, TILE_M: tl.constexpr, TILE_N: tl.constexpr, TILE_K: tl.constexpr):
    rows = tl.program_id(0) * TILE_M + tl.arange(0, TILE_M)
    columns = tl.program_id(1) * TILE_N + tl.arange(0, TILE_N)
    steps = tl.arange(0, TILE_K)
    sums = tl.zeros((TILE_M, TILE_N), tl.float32)
    for start in range(0, k, TILE_K):
        x = tl.load(a + rows[:, None] * k + (start + steps)[None, :], mask=rows[:, None] < m, other=0.0)
        y = tl.load(b + (start + steps)[:, None] * n + columns[None, :], mask=columns[None, :] < n, other=0.0)
        sums = tl.dot(x, y, sums)
    tl.store(c + rows[:, None] * n + columns[None, :], sums,
             mask=(rows[:, None] < m) & (columns[None, :] < n))


@triton.jit
def softmax(out, x, width, WIDTH: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, WIDTH)
    values = tl.load(x + row * width + columns, mask=columns < width, other=-float("inf"))
    weights = tl.exp(values - tl.max(values, 0))
    tl.store(out + row * width + columns, weights / tl.sum(weights, 0), mask=columns < width)


@triton.jit
def layer_norm(out, x, weight, bias, width, epsilon, WIDTH: tl.constexpr):
    row = tl.program_id(0)
    columns = tl.arange(0, WIDTH)
    inside = columns < width
    values = tl.load(x + row * width + columns, mask=inside, other=0.0).to(tl.float32)
    mean = tl.sum(values, 0) / width
    centred = tl.where(inside, values - mean, 0.0)
    scale = 1 / tl.sqrt(tl.sum(centred * centred, 0) / width + epsilon)
    result = centred * scale * tl.load(weight + columns, mask=inside) + tl.load(bias + columns, mask=inside)
    tl.store(out + row * width + columns, result, mask=inside)


@triton.jit
def attention(out, q, k, v, length, scale, TILE: tl.constexpr, DEPTH: tl.constexpr):
    rows = tl.program_id(0) * TILE + tl.arange(0, TILE)
    depth = tl.arange(0, DEPTH)
    queries = tl.load(q + rows[:, None] * DEPTH + depth[None, :], mask=rows[:, None] < length, other=0.0)
    largest = tl.full((TILE,), -float("inf"), tl.float32)
    sums = tl.zeros((TILE,), tl.float32)
    mean = tl.zeros((TILE, DEPTH), tl.float32)
    for start in range(0, tl.minimum(length, (tl.program_id(0) + 1) * TILE), TILE):
        keys = start + tl.arange(0, TILE)
        key = tl.load(k + keys[None, :] * DEPTH + depth[:, None], mask=keys[None, :] < length, other=0.0)
        scores = tl.dot(queries, key) * scale
        scores = tl.where((keys[None, :] <= rows[:, None]) & (keys[None, :] < length), scores, -1e30)
        larger = tl.maximum(largest, tl.max(scores, 1))
        weights = tl.exp(scores - larger[:, None])
        shrink = tl.exp(largest - larger)
        value = tl.load(v + keys[:, None] * DEPTH + depth[None, :], mask=keys[:, None] < length, other=0.0)
        mean = mean * shrink[:, None] + tl.dot(weights.to(tl.bfloat16), value)
        sums = sums * shrink + tl.sum(weights, 1)
        largest = larger
    tl.store(out + rows[:, None] * DEPTH + depth[None, :], mean / sums[:, None], mask=rows[:, None] < length)


@triton.jit
def scan_and_sort(sums, sorted_values, x, WIDTH: tl.constexpr):
    row = tl.program_id(0)
    columns = row * WIDTH + tl.arange(0, WIDTH)
    values = tl.load(x + columns)
    tl.store(sums + columns, tl.cumsum(values, 0))
    tl.store(sorted_values + columns, tl.sort(values))


@triton.jit
def histogram(counts, x, count, WIDTH: tl.constexpr):
    at = tl.program_id(0) * WIDTH + tl.arange(0, WIDTH)
    values = tl.load(x + at, mask=at < count, other=0)
    tl.atomic_add(counts + values, 1, mask=at < count)


KERNELS = [
    (matmul, "bf16", {"a": "*bf16", "b": "*bf16", "c": "*fp32", "m": "i32", "n": "i32", "k": "i32"},
     {"TILE_M": 64, "TILE_N": 64, "TILE_K": 32}),
    (matmul, "f16", {"a": "*fp16", "b": "*fp16", "c": "*fp32", "m": "i32", "n": "i32", "k": "i32"},
     {"TILE_M": 128, "TILE_N": 32, "TILE_K": 64}),
    (matmul, "f32", {"a": "*fp32", "b": "*fp32", "c": "*fp32", "m": "i32", "n": "i32", "k": "i32"},
     {"TILE_M": 32, "TILE_N": 32, "TILE_K": 32}),
    (softmax, "f32", {"out": "*fp32", "x": "*fp32", "width": "i32"}, {"WIDTH": 1024}),
    (layer_norm, "bf16", {"out": "*bf16", "x": "*bf16", "weight": "*bf16", "bias": "*bf16", "width": "i32",
                          "epsilon": "fp32"}, {"WIDTH": 1024}),
    (attention, "bf16", {"out": "*fp32", "q": "*bf16", "k": "*bf16", "v": "*bf16", "length": "i32",
                         "scale": "fp32"}, {"TILE": 64, "DEPTH": 64}),
    (scan_and_sort, "i32", {"sums": "*i32", "sorted_values": "*i32", "x": "*i32"}, {"WIDTH": 256}),
    (histogram, "i32", {"counts": "*i32", "x": "*i32", "count": "i32"}, {"WIDTH": 256}),
]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "manifest.txt", "w", encoding="ascii") as manifest:
        for architecture in ("gfx942", "gfx950"):
            for function, types, signature, constants in KERNELS:
                signature = signature | {name: "constexpr" for name in constants}
                compiled = triton.compile(ASTSource(function, signature, constants),
                                          target=GPUTarget("hip", architecture, 64),
                                          options={"num_warps": 4})
                name = f"{function.__name__}_{types}"
                (folder / f"{name}_{architecture}.co").write_bytes(compiled.asm["hsaco"])
                manifest.write(f"{name} {architecture} {compiled.metadata.num_warps} {compiled.metadata.shared}\n")


main()
