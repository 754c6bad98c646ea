#!/bin/sh
# What codesign-opt says to a kernel of these options, which it must refuse.
! echo 'module {}' | codesign-opt - --mlir-print-op-on-diagnostic=false \
  --pass-pipeline="builtin.module(kernel-lower-gemm{n=128 k=256 $1})" 2>&1
