// Roles of a warp whose number the compiler knows to be uniform, and of one whose number it does not where an epilogue needs the registers.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=plain arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16.ss n=6144 k=4096 tile=128,192,64 waves=1,1 stages=4 pack=1 chiplets=1 lds=232448 registers=255})" > %t.plain.mlir
// RUN: codesign-opt %t.plain.mlir | FileCheck %s --check-prefix=PLAIN
// RUN: codesign-opt %t.plain.mlir --pass-pipeline="builtin.module(kernel-emit)" -o /dev/null | FileCheck %s --check-prefix=UNIFORM
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=squares arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16.ss n=6144 k=4096 tile=128,192,64 waves=1,1 stages=4 pack=1 chiplets=1 lds=232448 registers=255 residual=true row-squares=true})" > %t.squares.mlir
// RUN: codesign-opt %t.squares.mlir | FileCheck %s --check-prefix=SQUARES
// RUN: codesign-opt %t.squares.mlir --pass-pipeline="builtin.module(kernel-emit{inline-prelude=true})" -o /dev/null > %t.cu
// RUN: FileCheck %s --check-prefix=VARYING --input-file %t.cu
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
// The tile of most large products, behind which a residual is read by two warpgroups.
// RUN: codesign-opt %s --pass-pipeline="builtin.module(kernel-lower-gemm{symbol=residual arch=sm_90a instruction=wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16.ss n=4096 k=4096 tile=128,256,64 waves=2,1 stages=3 cluster=2,1 role-registers=40,232 pack=1 chiplets=1 lds=232448 registers=255 residual=true},kernel-emit{inline-prelude=true})" -o /dev/null > %t.residual.cu
// RUN: %if nvcc %{ nvcc -std=c++17 -gencode arch=compute_90a,code=sm_90a -cubin -Xptxas -v %t.residual.cu -o %t.cubin 2>&1 | FileCheck %s --check-prefix=PTXAS --implicit-check-not=injected --implicit-check-not=serialized --implicit-check-not=C7508 %}
module {}

// PLAIN: kernel.roles uniform producer registers 0 {
// PLAIN: } consumers registers 0 {

// UNIFORM:      // What follows from this number stays in uniform registers, descriptors among it.
// UNIFORM-NEXT: const int warp = uniformWarp();
// UNIFORM-NEXT: if (isProducer(warp)) {
// UNIFORM:      const Origin wave = groupTile<groupM, groupN, groupsN>(warp);
// UNIFORM:      const int firstPanel = group(warp) * panelsPerGroup;

// SQUARES: kernel.roles producer registers 0 {

// VARYING:      const int warp = waveId();
// VARYING-NEXT: if (isProducer(warp)) {
// VARYING:      const Origin wave = groupTile<groupM, groupN, groupsN>(warp);
// VARYING:      sums.storeSquaresAcross<layerN>(

// PTXAS: 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
