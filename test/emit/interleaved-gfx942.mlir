// One wave on a SIMD whose products are mixed with what the next ones need: the source, its counts, and the loop as clang leaves it.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,2 band=4 run=16 loop=interleaved},kernel-price,kernel-emit)" | FileCheck %s
module {}

// CHECK:      linear: 256 threads, 65536 bytes of LDS
// CHECK-NEXT:   registers: 256 accumulators, 64 fragments, 32 staging
// CHECK-NEXT:   main loop: 125 iterations of 128 matrix instructions a wave, 2048 clocks of a matrix core
// CHECK-NEXT:   LDS: 512 read passes (0 from conflicts), 256 write passes (0 from conflicts)
// CHECK-NEXT:   global: 32768 bytes, 8 loads a wave, 1 barriers

// Parts of a tile are one variable, and what a phase moves of it one line.
// CHECK:        StagedParts<bf16, tileM, tileK, threads> aNext(aRows, 0);
// CHECK-NEXT:   StagedParts<bf16, tileN, tileK, threads> wNext(wRows, 0);
// CHECK-NEXT:   aNext.store(aTile[0]);
// CHECK-NEXT:   wNext.store(wTile[0]);
// CHECK-NEXT:   aNext.load(aRows, tileK);
// CHECK-NEXT:   wNext.load(wRows, tileK);
// CHECK-NEXT:   barrier();
// CHECK:        for (int kTile = 1; kTile < kTiles - 2; ++kTile) {
// CHECK-NEXT:     wLow.load(wTile[kTile % stages], wave.column, 0);
// CHECK-NEXT:     aNext.advance<0, 2>(aTile[(kTile + 1) % stages], aRows, (kTile + 2) * tileK);
// CHECK-NEXT:     sums.multiplyAt<mmasN / 2, 0>(wHigh, aLow);
// CHECK-NEXT:     interleave<32, 4, 2, 2>();
// CHECK-NEXT:     aLow.load(aTile[kTile % stages], wave.row, 0);
// CHECK:          sums.multiplyAt<mmasN / 2, mmasM / 2>(wHigh, aHigh);
// CHECK:          sums.multiplyAt<0, 0>(wLow, aLow);
// CHECK:          sums.multiplyAt<0, mmasM / 2>(wLow, aHigh);
// CHECK-NEXT:     interleave<32, 4, 2, 2>();
// CHECK-NEXT:     barrier();
// CHECK-NEXT:   }
// CHECK:          aNext.store<0, 2>(aTile[1]);

// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=linear n=4096 k=4096 tile=256,256,32 waves=2,2 band=4 run=16 loop=interleaved},kernel-emit{inline-prelude=true})" -o /dev/null > %t.hip
// RUN: clang++-22 -x hip --cuda-device-only --no-gpu-bundle-output --offload-arch=gfx942 -nogpulib -nogpuinc -std=c++17 -O3 -Wall -Wextra -Werror -Wno-unused-function -S %t.hip -o %t.s
// RUN: awk '/^.LBB0_/ {loop = ""} {loop = loop "\n" $0} /s_cbranch_scc0/ {print loop; exit}' %t.s > %t.loop
// RUN: FileCheck %s --check-prefix=ASM --input-file %t.s
// RUN: grep -c v_mfma_f32_16x16x16_bf16 %t.loop | FileCheck %s --check-prefix=MFMA
// RUN: grep -c buffer_load_dwordx4 %t.loop | FileCheck %s --check-prefix=LOADS
// RUN: grep -c ds_read_b128 %t.loop | FileCheck %s --check-prefix=READS
// RUN: grep -c ds_write_b128 %t.loop | FileCheck %s --check-prefix=WRITES
// RUN: grep -c s_barrier %t.loop | FileCheck %s --check-prefix=BARRIERS
// MFMA: {{^}}128{{$}}
// LOADS: {{^}}8{{$}}
// READS: {{^}}16{{$}}
// WRITES: {{^}}8{{$}}
// BARRIERS: {{^}}1{{$}}
// ASM: ScratchSize: 0

// Memory operations stand between products, not together.
// RUN: grep -E "v_mfma|ds_|buffer_" %t.loop | awk '/mfma/ {run = 0} /ds_|buffer_/ {if (++run > most) most = run} END {print "in a row", most}' | FileCheck %s --check-prefix=MIXED
// MIXED: in a row {{[1-3]$}}
