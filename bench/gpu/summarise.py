#!/usr/bin/env python3
"""summarise.py RESULTS.csv: the table of a GPU run with bounds, and its geometric means against the targets.

Exit status: 0 all targets met, 4 a wrong result, 5 right but slower than a target."""
import math
import sys

COLD_ROWS = 64  # weights rotate through more than the L2 up to here, as in GemmBenchmark.cu
SKINNY_ROWS = 16
SKINNY_TIME = 1.1  # times empty kernel plus bytes over copy bandwidth
BYTES = 2
SCALED_SHAPE, SCALED_RATE = (4096, 7168, 16384), 1400e12  # of block-scaled fp8, FLOP/s
SCALED_BLOCK = 128


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def read(path):
    facts, rows, experts, scaled = {}, [], [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            key, _, rest = line.rstrip("\n").partition(",")
            if key in ("gemm", "fp8"):
                name, m, n, k, *numbers = rest.split(",")
                wrong, unwritten, outside = (int(x) for x in numbers[:3])
                ours, library = (float(x) * 1e-6 for x in numbers[3:5])
                (rows if key == "gemm" else scaled).append(
                    dict(name=name, m=int(m), n=int(n), k=int(k), bad=wrong + unwritten + outside, wrong=wrong,
                         unwritten=unwritten, outside=outside, ours=ours, library=library))
            elif key == "experts":
                name, tokens, m, touched, n, k, *numbers = rest.split(",")
                wrong, unwritten, outside = (int(x) for x in numbers[:3])
                ours, library = (float(x) * 1e-6 for x in numbers[3:5])
                experts.append(dict(name=name, tokens=int(tokens), m=int(m), touched=int(touched), n=int(n), k=int(k),
                                    bad=wrong + unwritten + outside, wrong=wrong, unwritten=unwritten,
                                    outside=outside, ours=ours, library=library))
            elif key:
                facts[key] = rest
    return facts, rows, experts, scaled


def wrong_text(row):
    return (f"WRONG {row['name']} m {row['m']}: {row['wrong']} elements outside the bound, {row['unwritten']} not "
            f"written, {row['outside']} written outside")


def print_experts(rows, copy_rate):
    """Ours includes gathering and gating, or weighting and the sum over a token's rows; the library's only the products
    of rows that are in order. No target is set for them."""
    print("\nexperts: ours with list, gate, weights and sums of tokens; the library's grouped products alone")
    print("| layer | tokens | rows | experts with rows | n | k | ours us | library us | library / ours | weights at the copy's rate us |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        weights = BYTES * row["touched"] * row["n"] * row["k"] / copy_rate
        print(f"| {row['name']} | {row['tokens']} | {row['m']} | {row['touched']} | {row['n']} | {row['k']} | "
              f"{row['ours'] * 1e6:.2f} | {row['library'] * 1e6:.2f} | {row['library'] / row['ours']:.3f} | "
              f"{weights * 1e6:.2f} |")


def flops(row):
    return 2 * row["m"] * row["n"] * row["k"]


def traffic(row):
    m, n, k = row["m"], row["n"], row["k"]
    return BYTES * (m * k + n * k + m * n)


def scaled_traffic(row):
    """Operands of one byte, fp32 scales, results of two bytes."""
    m, n, k = row["m"], row["n"], row["k"]
    blocks = math.ceil(k / SCALED_BLOCK)
    return m * k + n * k + BYTES * m * n + 4 * blocks * (m + math.ceil(n / SCALED_BLOCK))


def print_products(rows, copy_rate, bytes_of):
    """Each with its bound: the longer of arithmetic at the best rate of these rows, by either side, and compulsory bytes at
    that of a copy."""
    best_rate = max(flops(r) / min(r["ours"], r["library"]) for r in rows)
    print(f"best rate of this run {best_rate / 1e12:.0f} TFLOP/s")
    print("| layer | m | n | k | ours us | library us | library / ours | bound us | bound by | of the bound |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        row["ratio"] = row["library"] / row["ours"]
        seconds, by = max((bytes_of(row) / copy_rate, "bytes"), (flops(row) / best_rate, "arithmetic"))
        print(f"| {row['name']} | {row['m']} | {row['n']} | {row['k']} | {row['ours'] * 1e6:.2f} | "
              f"{row['library'] * 1e6:.2f} | {row['ratio']:.3f} | {seconds * 1e6:.2f} | {by} | "
              f"{seconds / row['ours']:.0%} |")


def main(path):
    facts, rows, experts, scaled = read(path)
    if not rows and not experts and not scaled:
        sys.exit("error: no measurements in " + path)
    print(f"device: {facts.get('device', 'unknown')}; {facts.get('versions', 'versions unknown')}; date: "
          f"{facts.get('date', 'unknown')}; commit: {facts.get('commit', 'unknown')}")
    empty, copy_rate = float(facts["empty_us"]) * 1e-6, float(facts["copy_bytes_per_second"])
    print(f"empty kernel {empty * 1e6:.2f} us, copy {copy_rate / 1e12:.3f} TB/s read and written")
    bad = [row for row in rows + scaled + experts if row["bad"]]
    for row in bad:
        print(wrong_text(row))
    right = [row for row in rows if not row["bad"]]
    right_scaled = [row for row in scaled if not row["bad"]]
    missed = []

    def target(name, value, limit, at_least=True, digits=3):
        met = value >= limit if at_least else value <= limit
        print(f"{'met   ' if met else 'MISSED'} {name}: {value:.{digits}f}, target {'>=' if at_least else '<='} "
              f"{limit:.{max(0, digits - 1)}f}")
        if not met:
            missed.append(name)

    if right:
        print_products(right, copy_rate, traffic)
        large = [r["ratio"] for r in right if r["m"] >= 4096]
        between = [r["ratio"] for r in right if SKINNY_ROWS < r["m"] < 4096]
        skinny = [r for r in right if r["m"] <= SKINNY_ROWS]
        if large:
            target("geometric mean of library / ours, m >= 4096", geometric_mean(large), 1.00)
        if between:
            target("geometric mean of library / ours, 16 < m < 4096", geometric_mean(between), 0.95)
        if skinny:
            target("least library / ours, m <= 16, cold weights", min(r["ratio"] for r in skinny), 1.00)
            target("longest ours / (empty + bytes / copy), m <= 16",
                   max(r["ours"] / (empty + traffic(r) / copy_rate) for r in skinny), SKINNY_TIME, at_least=False)
    if right_scaled:
        print("\nfp8 with scales of 1 x 128 of A and 128 x 128 of W:")
        print_products(right_scaled, copy_rate, scaled_traffic)
        for row in right_scaled:
            if (row["m"], row["n"], row["k"]) == SCALED_SHAPE:
                target("TFLOP/s of block-scaled fp8, m = {}, n = {}, k = {}".format(*SCALED_SHAPE),
                       flops(row) / row["ours"] / 1e12, SCALED_RATE / 1e12, digits=0)
    if any(not row["bad"] for row in experts):
        print_experts([row for row in experts if not row["bad"]], copy_rate)
    sys.exit(4 if bad else 5 if missed else 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: summarise.py RESULTS.csv")
    main(sys.argv[1])
