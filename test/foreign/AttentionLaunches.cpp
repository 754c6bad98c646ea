// Launches of attention kernels: backward, over paged caches, and latent.
#include "ArgumentText.h"
#include "Launches.h"

namespace codesign::foreign {

LaunchText launchOf(const AttentionBackward &a) {
  const int64_t queryElements = a.batch * a.queries * a.heads * a.depth,
                keyElements = a.batch * a.keys * a.heads * a.depth;
  const bool anyLength = a.codeObject.find("_pssk") != std::string::npos;
  ArgumentText arguments(anyLength ? 8 : 16);
  arguments.buffer("dq", "f32", queryElements)
      .buffer("dk", "bf16", keyElements)
      .buffer("dv", "bf16", keyElements)
      .buffer("q", "bf16", queryElements, "random")
      .buffer("k", "bf16", keyElements, "random")
      .buffer("v", "bf16", keyElements, "random")
      .buffer("do", "bf16", queryElements, "random")
      .buffer("lse", "f32", a.batch * a.heads * a.queries)
      .buffer("delta", "f32", a.batch * a.heads * a.queries)
      .real(a.scale)
      .real(1.44269504f);
  // Strides in bytes of a row, head and sequence of a [b,s,h,d] tensor of bf16.
  const int64_t row = a.heads * a.depth * 2, head = a.depth * 2;
  if (anyLength) {
    arguments.integer(1).integer(a.queries).integer(a.keys).integer(a.depth).integer(a.heads);
    for (int64_t length : {a.queries, a.keys, a.keys, a.queries, a.keys, a.keys}) // q, k, v, do, dk, dv
      arguments.integer(head).integer(length * row).integer(row);
  } else {
    arguments.integer(a.queries)
        .integer(a.tileKeys * row)
        .integer(head)
        .integer(a.queries * row)
        .integer(row);
    arguments.integer(1).integer(head).integer(a.keys * row).integer(row).integer(row).integer(a.depth);
  }
  LaunchText launch;
  launch.codeObject = a.codeObject;
  const int64_t tiles = divideUp(a.keys, a.tileKeys);
  launch.grid = gridText(a.causal ? divideUp(tiles, 2) : tiles, a.heads, a.batch);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const PagedAttention &a) {
  constexpr int64_t depth = 128, blockKeys = 16;
  const bool wide = a.cacheType == "bf16" || a.cacheType == "f16";
  const int64_t headBytes = depth * blockKeys * (wide ? 2 : 1),
                cacheElements = a.blocks * a.keyHeads * depth * blockKeys;
  ArgumentText arguments;
  arguments.buffer("o", a.type, a.sequences * a.heads * depth)
      .buffer("q", a.type, a.sequences * a.heads * depth, "random")
      .buffer("k", a.cacheType, cacheElements, "random")
      .buffer("v", a.cacheType, cacheElements, "random")
      .buffer("tables", "i32", a.sequences * a.tableWidth)
      .buffer("lengths", "i32", a.sequences);
  if (wide)
    arguments.null().null();
  else
    arguments.buffer("scale_k", "f32", a.blocks * a.keyHeads * blockKeys, "one")
        .buffer("scale_v", "f32", a.blocks * a.keyHeads * blockKeys, "one");
  arguments
      .real(0.12751741f) // log2(e) / √128
      .integer(a.tableWidth)
      .integer(a.keyHeads)
      .integer(a.heads * depth * 2)
      .integer(a.keyHeads * headBytes)
      .integer(headBytes)
      .integer(a.heads / a.keyHeads)
      .null();
  LaunchText launch;
  launch.codeObject = a.codeObject;
  launch.grid = gridText(a.keyHeads, a.sequences);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

LaunchText launchOf(const LatentAttention &a) {
  constexpr int64_t depth = 576, valueDepth = 512;
  const int64_t bytes = a.type == "bf16" ? 2 : 1, rows = a.batch * a.queries;
  ArgumentText arguments;
  arguments.buffer("parts", a.partType, rows * a.split * a.heads * valueDepth)
      .buffer("lse", "f32", rows * a.split * a.heads)
      .buffer("q", a.type, rows * a.heads * depth, "random")
      .buffer("kv", a.type, a.rows * depth, "random")
      .buffer("starts", "i32", a.batch + 1)
      .buffer("pages", "i32", a.usedPages)
      .buffer("last_lengths", "i32", a.batch, "one")
      .real(a.scale)
      .integer(a.heads * a.queries)
      .integer(a.split)
      .integer(a.heads * depth * bytes * a.queries)
      .integer(depth * bytes)
      .integer(0) // log2 of the rows of a page
      .buffer("query_starts", "i32", a.batch + 1)
      .buffer("split_starts", "i32", a.batch + 1)
      .buffer("o", "bf16", rows * a.heads * valueDepth);
  if (bytes == 1)
    arguments.buffer("scale_q", "f32", 1, "one").buffer("scale_kv", "f32", 1, "one");
  else
    arguments.null().null();
  arguments.integer(a.split);
  LaunchText launch;
  launch.codeObject = a.codeObject;
  launch.grid = gridText(divideUp(a.queries * a.heads, a.tileQueries), a.batch, a.split);
  launch.block = "256";
  launch.arguments = std::move(arguments.list);
  return launch;
}

} // namespace codesign::foreign
