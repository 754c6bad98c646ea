#!/usr/bin/env python3
"""What the errors of the cost model on dense products are made of, as docs/accuracy.md tells it.

    codesign validate --hw mi355x --measurements TABLE --mechanisms-only --predictions out.csv
    scripts/residuals.py out.csv mi355x bf16 [--provider NAME] [--waves TILE_M TILE_N UNITS]

Prints mean error, bias and share of all error by family of kernels, where the table names them; how rough the times
themselves are; and the cliffs (cost-model.md) among weight shapes that were measured at the same rows m, one campaign.
With --waves, of a library whose rows are nearly all one tile: each weight shape's time per wave, and what share of a wave the
last one costs that is not full.
"""
import argparse
import bisect
import collections
import csv
import math
import statistics
import sys

FAMILIES = [("flydsl", "FlyDSL's"), ("Cijk", "hipBLASLt's"), ("sol", "hipBLASLt's, by number"), ("_ZN5aiter", "AITER's assembly"),
            ("native", "called native"), ("auto", '"auto": none was tuned'), ("cktile", "CK Tile's"), ("_1x128x128_", "CK's")]


def family(kernel):
    return next((name for part, name in FAMILIES if part in kernel), "others" if kernel else "not named")


def read(path, device, type_word, provider):
    """Median time, prediction and kernel by (m, n, k)."""
    found = collections.defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            word = row.get("dtype") or row.get("dtype_a")
            if row["hw"] == device and word == type_word and row["predicted_us"] and provider in ("", row["provider"]):
                shape = tuple(int(row[name]) for name in "mnk")
                found[shape].append((float(row["us"]), float(row["predicted_us"]), row.get("kernel") or ""))
    return {shape: (statistics.median(us for us, _, _ in rows), rows[0][1], rows[0][2]) for shape, rows in found.items()}


def error(row):
    return row[1] / row[0] - 1


def percent(values):
    values = list(values)
    return 100 * sum(values) / len(values) if values else math.nan


def print_families(rows):
    groups = collections.defaultdict(list)
    for row in rows.values():
        groups[family(row[2])].append(error(row))
    total = sum(abs(e) for errors in groups.values() for e in errors)
    print("| rows whose kernel is | rows | mean error | bias | share of all error |\n|---|---|---|---|---|")
    for name, errors in sorted(groups.items(), key=lambda group: -len(group[1])):
        print(f"| {name} | {len(errors)} | {percent(map(abs, errors)):.1f} | {percent(errors):+.1f} "
              f"| {100 * sum(map(abs, errors)) / total:.0f} % |")


def print_roughness(rows):
    by_weights = collections.defaultdict(list)
    for (m, n, k), row in rows.items():
        by_weights[n, k].append((m, row[0]))
    missed = []
    for times in by_weights.values():
        times.sort()
        for (m0, t0), (m, t), (m1, t1) in zip(times, times[1:], times[2:]):
            share = math.log(m / m0) / math.log(m1 / m0)
            missed.append(abs(math.exp((1 - share) * math.log(t0) + share * math.log(t1)) / t - 1))
    print(f"between its neighbours along m, each of {len(missed)} rows is missed by {percent(missed):.1f} %")
    # A product that has at least as many m, n and k contains the other; only the fastest of them matters.
    slow, others = [], []
    shapes = sorted(rows, key=lambda shape: rows[shape][0])
    seconds = [rows[shape][0] for shape in shapes]
    for shape, row in rows.items():
        faster = shapes[:bisect.bisect_left(seconds, row[0] / 1.05)]
        contained = any(
            other[0] >= shape[0] and other[1] >= shape[1] and other[2] >= shape[2] for other in faster)
        (slow if contained else others).append(abs(error(row)))
    print(f"{len(slow)} of {len(rows)} rows take 5 % longer than a product that contains them: missed by {percent(slow):.1f} %, "
          f"the others by {percent(others):.1f}")


def cliffs(rows, counts):
    """Hits and cliffs along m, n and k between neighbours for which `counts(shape, shape)` holds."""
    result = []
    for axis in range(3):
        lines = collections.defaultdict(list)
        for shape in rows:
            lines[shape[:axis] + shape[axis + 1:]].append(shape)
        hits = found = 0
        for line in lines.values():
            line.sort(key=lambda shape: shape[axis])
            for a, b in zip(line, line[1:]):
                proportional = math.log(b[axis] / a[axis])
                excess = math.log(rows[b][0] / rows[a][0]) - proportional
                if excess >= math.log(1.1) and counts(a, b):
                    found += 1
                    hits += math.log(rows[b][1] / rows[a][1]) - proportional >= excess / 2
        result.append((hits, found))
    return result


def print_cliffs(rows):
    measured_at = collections.defaultdict(set)
    for m, n, k in rows:
        measured_at[n, k].add(m)
    campaigns = collections.Counter(frozenset(ms) for ms in measured_at.values())

    def report(name, scores):
        hits, found = (sum(column) for column in zip(*scores))
        if found:
            along = ", ".join(f"{axis} {h} of {f}" for axis, (h, f) in zip("mnk", scores))
            print(f"cliffs, {name}: {hits} of {found} predicted, {100 * hits / found:.0f} % ({along})")

    report("all rows", cliffs(rows, lambda a, b: True))
    for ms, shapes in campaigns.most_common(3):
        if shapes > 1:
            report(f"{shapes} weight shapes at the same {len(ms)} m",
                   cliffs(rows, lambda a, b: measured_at[a[1:]] == ms and measured_at[b[1:]] == ms))


def least_squares(columns, targets):
    """Coefficients of the columns, by Gauss's elimination of the normal equations."""
    size = len(columns)
    matrix = [[sum(x * y for x, y in zip(a, b)) for b in columns] + [sum(x * y for x, y in zip(a, targets))] for a in columns]
    for i in range(size):
        pivot = max(range(i, size), key=lambda j: abs(matrix[j][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for j in range(size):
            if j != i:
                factor = matrix[j][i] / matrix[i][i]
                matrix[j] = [x - factor * y for x, y in zip(matrix[j], matrix[i])]
    return [matrix[i][size] / matrix[i][i] for i in range(size)]


def print_waves(rows, tile_m, tile_n, units):
    """time = fixed + wave · (waves + last · (⌈waves⌉ − waves)), each row weighted by 1 / time."""
    print("| n, k | waves | rows | fixed µs | µs per wave | share of the last | missed by |\n|---|---|---|---|---|---|---|")
    for low, high in [(1.05, 4), (4, 10), (10, 30), (30, 100)]:
        by_weights = collections.defaultdict(list)
        for (m, n, k), row in rows.items():
            waves = math.ceil(m / tile_m) * math.ceil(n / tile_n) / units
            if low <= waves < high:
                by_weights[n, k].append((waves, row[0]))
        shares = []
        for (n, k), points in sorted(by_weights.items(), key=lambda item: item[0][::-1]):
            if len(points) < 25:
                continue
            columns = [[1 / t for _, t in points], [w / t for w, t in points], [(math.ceil(w) - w) / t for w, t in points]]
            fixed, wave, last = least_squares(columns, [1.0] * len(points))
            missed = percent(abs(sum(c * x for c, x in zip((fixed, wave, last), values)) - 1) for values in zip(*columns))
            shares.append(last / wave)
            print(f"| {n}, {k} | {low:g} to {high:g} | {len(points)} | {fixed:.1f} | {wave:.2f} | {last / wave:.2f} | {missed:.1f} % |")
        if shares:
            print(f"| median | {low:g} to {high:g} | | | | {statistics.median(shares):.2f} | |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("predictions")
    parser.add_argument("device")
    parser.add_argument("type")
    parser.add_argument("--provider", default="")
    parser.add_argument("--waves", nargs=3, type=int, metavar=("TILE_M", "TILE_N", "UNITS"))
    options = parser.parse_args()
    rows = read(options.predictions, options.device, options.type, options.provider)
    if not rows:
        sys.exit(f"no row of {options.device} and {options.type} with a prediction in {options.predictions}")
    print(f"{len(rows)} shapes: {percent(abs(error(row)) for row in rows.values()):.1f} %")
    if any(row[2] for row in rows.values()):
        print_families(rows)
    print_roughness(rows)
    print_cliffs(rows)
    if options.waves:
        print_waves(rows, *options.waves)


main()
