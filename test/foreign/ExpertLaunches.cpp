// Launches of the kernels over experts.
#include "ArgumentText.h"
#include "Launches.h"

namespace codesign::foreign {
namespace {

int64_t bytesOf(const std::string &type) {
  return type == "bf16" || type == "f16" ? 2 : 1;
}

/// The list of rows sorted by expert.
void addSorted(ArgumentText &arguments, const ExpertLayer &layer, bool withWeights) {
  const int64_t rows = layer.sortedBlocks * layer.blockRows;
  arguments.buffer("sorted_ids", "u32", rows);
  if (withWeights)
    arguments.buffer("sorted_weights", "f32", rows);
  arguments.buffer("sorted_experts", "i32", layer.sortedBlocks);
}

} // namespace

LaunchText launchOf(const FusedExperts &moe) {
  const ExpertLayer &layer = moe.layer;
  const int64_t bytes = bytesOf(moe.type), firstRows = layer.gated ? 2 * layer.inner : layer.inner;
  const bool quantized = bytes == 1;
  const int64_t inputRows = layer.tokens * (moe.smoothed ? layer.top : 1);
  ArgumentText arguments;
  arguments.buffer("out", moe.outputType, layer.tokens * layer.width)
      .buffer("x", moe.type, inputRows * layer.width, "random")
      .buffer("w1", moe.type, layer.experts * firstRows * layer.width, "random")
      .buffer("count", "i32", 2)
      .buffer("w2", moe.type, layer.experts * layer.width * layer.inner, "random");
  int64_t firstScales = firstRows, secondScales = layer.width, rowScales = 1;
  if (moe.scalesOfBlocks) {
    firstScales = firstRows / 128 * (layer.width / 128);
    secondScales = layer.width / 128 * (layer.inner / 128);
    rowScales = layer.width / 128;
  }
  if (quantized)
    arguments.buffer("scale_x", "f32", inputRows * rowScales, "one")
        .buffer("scale_w1", "f32", layer.experts * firstScales, "one")
        .buffer("scale_w2", "f32", layer.experts * secondScales, "one");
  else
    arguments.null().null().null();
  if (moe.smoothed) // factors of the second product's input
    arguments.buffer("smooth", "f32", layer.experts * layer.inner, "one");
  else
    arguments.null();
  addSorted(arguments, layer, true);
  arguments.integer(layer.width).integer(layer.inner).integer(layer.tokens).integer(layer.experts);
  // Strides in bytes: of rows of x, w1, w2 and out, then of experts.
  arguments.integer(layer.width * bytes).integer(layer.width * bytes);
  arguments.integer(layer.inner * bytes).integer(layer.width * 2);
  arguments.integer(layer.width * bytes * firstRows).integer(layer.inner * bytes * layer.width);
  arguments.integer(quantized ? firstScales * 4 : 0).integer(quantized ? secondScales * 4 : 0);
  const int64_t tiles = divideUp(layer.inner, moe.tileInner);
  arguments.integer(layer.inner * 4).integer(layer.top);
  arguments.integer(moe.persistentGroups / tiles * tiles).integer(tiles);
  LaunchText launch;
  launch.codeObject = moe.codeObject;
  launch.grid = moe.persistentGroups ? gridText(moe.persistentGroups) : gridText(tiles, layer.sortedBlocks);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const ExpertsFirstStage &moe) {
  const ExpertLayer &layer = moe.layer;
  ArgumentText arguments;
  arguments.buffer("out", "bf16", layer.tokens * layer.top * layer.inner)
      .buffer("x", moe.type, layer.tokens * layer.width, "random")
      .buffer("w1", moe.type, layer.experts * 2 * layer.inner * layer.width, "random")
      .buffer("count", "i32", 2)
      .buffer("scale_x", "f32", layer.tokens, "one")
      .buffer("scale_w1", "f32", layer.experts * 2 * layer.inner, "one")
      .null(); // smoothing
  addSorted(arguments, layer, false);
  arguments.integer(layer.width).integer(layer.inner).integer(layer.tokens).integer(layer.experts);
  // Strides in bytes: of rows of x, w1 and of tokens of out, then of experts.
  arguments.integer(layer.width).integer(layer.width).integer(layer.top * layer.inner * 2);
  arguments.integer(layer.width * 2 * layer.inner).integer(2 * layer.inner * 4).integer(layer.inner * 4);
  arguments.integer(layer.top).integer(0).integer(moe.activation);
  if (moe.weighted)
    arguments.buffer("sorted_weights", "f32", layer.sortedBlocks * layer.blockRows);
  else
    arguments.null();
  LaunchText launch;
  launch.codeObject = moe.codeObject;
  launch.grid = gridText(divideUp(layer.inner, moe.tileInner), layer.sortedBlocks);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

} // namespace codesign::foreign
