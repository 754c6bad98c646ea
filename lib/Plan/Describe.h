// The keys of every part of a plan, once. Writers and the reader walk this description.
#pragma once

#include "codesign/Plan/Plan.h"
#include <concepts>

namespace codesign {

// Each overload calls archive(key, member) for all members in file order. Part is const in writers.

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanOperator>
void describe(Archive &archive, Part &op) {
  archive("block", op.block);
  archive("name", op.name);
  archive("kind", op.kind);
  archive("shape", op.shape);
  archive("sizes", op.sizes);
  archive("count", op.count);
  archive("seconds_each", op.secondsEach);
  archive("seconds", op.seconds);
  archive("terms_seconds", op.terms);
  archive("limiter", op.limiter);
  archive("source", op.source);
  archive("band", op.band);
  archive("flop", op.flop);
  archive("joules_each", op.joulesEach);
  archive("provider", op.provider);
  archive("schedule", op.schedule);
  archive("alternative_provider", op.alternativeProvider);
  archive("alternative_seconds_each", op.alternativeSecondsEach);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanWorkload>
void describe(Archive &archive, Part &workload) {
  archive("name", workload.name);
  archive("description", workload.description);
  archive("phase", workload.phase);
  archive("batch", workload.batch);
  archive("seq_len", workload.sequenceLength);
  archive("context", workload.context);
  archive("micro_batches", workload.microBatches);
  archive("dtype", workload.type);
  archive("kv_dtype", workload.keyValueType);
  archive("scaling", workload.scaling);
  archive("weight", workload.weight);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanWorkloadResult>
void describe(Archive &archive, Part &result) {
  archive("workload", result.workload);
  archive("tp", result.tensorParallel);
  archive("ep", result.expertParallel);
  archive("pp", result.pipelineParallel);
  archive("seconds_per_step", result.secondsPerStep);
  archive("tokens_per_step", result.tokensPerStep);
  archive("tokens_per_second", result.tokensPerSecond);
  archive("flop_per_step", result.flopPerStep);
  archive("teraflops_per_second", result.teraflopsPerSecond);
  archive("achievable_ceiling_share", result.achievableCeilingShare);
  archive("hbm_bytes_per_step", result.hbmBytesPerStep);
  archive("hbm_bandwidth_share", result.hbmBandwidthShare);
  archive("joules_per_step", result.joulesPerStep);
  archive("tokens_per_joule", result.tokensPerJoule);
  archive("dollars_per_million_tokens", result.dollarsPerMillionTokens);
  archive("memory_bytes_per_rank", result.memoryBytesPerRank);
  archive("memory_limit_bytes", result.memoryLimitBytes);
  archive("band", result.band);
  archive("operators", result.operators);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanOperatorDelta>
void describe(Archive &archive, Part &delta) {
  archive("workload", delta.workload);
  archive("block", delta.block);
  archive("name", delta.name);
  archive("from_shape", delta.fromShape);
  archive("to_shape", delta.toShape);
  archive("from_seconds", delta.fromSeconds);
  archive("to_seconds", delta.toSeconds);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanReason>
void describe(Archive &archive, Part &reason) {
  archive("dimensions", reason.dimensions);
  archive("from", reason.from);
  archive("to", reason.to);
  archive("text", reason.text);
  archive("share_saved", reason.shareSaved);
  archive("operators", reason.operators);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanVariant>
void describe(Archive &archive, Part &variant) {
  archive("condition", variant.condition);
  archive("dimensions", variant.dimensions);
  archive("total_parameters", variant.totalParameters);
  archive("active_parameters", variant.activeParameters);
  archive("objective", variant.objective);
  archive("speedup", variant.speedup);
  archive("speedup_band", variant.speedupBand);
  archive("verdict", variant.verdict);
  archive("quality", variant.quality);
  archive("workloads", variant.workloads);
  archive("reasons", variant.reasons);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanConstraint>
void describe(Archive &archive, Part &constraint) {
  archive("name", constraint.name);
  archive("text", constraint.text);
  archive("entered", constraint.entered);
  archive("removed", constraint.removed);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanCertificate>
void describe(Archive &archive, Part &certificate) {
  archive("variants", certificate.variants);
  archive("constraints", certificate.constraints);
  archive("legal", certificate.legal);
  archive("lower_bound", certificate.lowerBound);
  archive("gap", certificate.gap);
  archive("tie_band", certificate.tieBand);
  archive("tied", certificate.tied);
  archive("tied_examples", certificate.tiedExamples);
  archive("without_guard_rail", certificate.withoutGuardRail);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanRunnerUp>
void describe(Archive &archive, Part &runnerUp) {
  archive("schedule", runnerUp.schedule);
  archive("schedule_text", runnerUp.scheduleText);
  archive("seconds", runnerUp.seconds);
  archive("ratio_band", runnerUp.ratioBand);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanKernelRange>
void describe(Archive &archive, Part &range) {
  archive("min_m", range.minM);
  archive("max_m", range.maxM);
  archive("schedule", range.schedule);
  archive("schedule_text", range.scheduleText);
  archive("why", range.why);
  archive("expected_seconds", range.expectedSeconds);
  archive("expected_source", range.expectedSource);
  archive("expected_band", range.expectedBand);
  archive("expected_m", range.expectedM);
  archive("library_seconds", range.librarySeconds);
  archive("runner_up", range.runnerUp);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, PlanKernel>
void describe(Archive &archive, Part &kernel) {
  archive("name", kernel.name);
  archive("family", kernel.family);
  archive("operators", kernel.operators);
  archive("n", kernel.n);
  archive("k", kernel.k);
  archive("input", kernel.input);
  archive("output", kernel.output);
  archive("layout", kernel.layout);
  archive("pass", kernel.pass);
  archive("scaling", kernel.scaling);
  archive("epilogue", kernel.epilogue);
  archive("top_k", kernel.topK);
  archive("bias", kernel.bias);
  archive("rotary_head_columns", kernel.rotary.headColumns);
  archive("rotary_columns", kernel.rotary.columns);
  archive("rotary_positions", kernel.rotary.positions);
  archive("residual", kernel.residual);
  archive("experts", kernel.experts);
  archive("row_order", kernel.rowOrder);
  archive("weight_order", kernel.weightOrder);
  archive("weight_leading_dimension", kernel.weightLeadingDimension);
  archive("expert_layout", kernel.expertLayout);
  archive("ranges", kernel.ranges);
}

template <class Archive, class Part>
  requires std::same_as<std::remove_const_t<Part>, Plan>
void describe(Archive &archive, Part &plan) {
  archive("schema", plan.schema);
  archive("generator", plan.generator);
  archive("model", plan.model);
  archive("family", plan.family);
  archive("dtype", plan.type);
  archive("hardware", plan.hardware);
  archive("architecture", plan.architecture);
  archive("objective", plan.objective);
  archive("workloads", plan.workloads);
  archive("base", plan.base);
  archive("best", plan.best);
  archive("alternatives", plan.alternatives);
  archive("certificate", plan.certificate);
  archive("kernels", plan.kernels);
  archive("warnings", plan.warnings);
}

} // namespace codesign
