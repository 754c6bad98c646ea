namespace {

/// Row-major weights in host memory, of all experts, in the order of shuffled ones, elsewhere in host memory.
int shuffle(const Gemm &gemm, const void *w, void *shuffled) {
  if (!w || !shuffled || w == shuffled)
    return fail(invalidArgument, "%s: shuffle_weights needs two places in host memory", gemm.name);
  constexpr std::int64_t blockRows = 16, blockBytes = 64, chunkBytes = 16;
  const std::int64_t rows = gemm.n * (gemm.experts > 0 ? gemm.experts : 1);
  const std::int64_t rowBytes = gemm.k * (gemm.narrow ? 1 : 2);
  const char *from = static_cast<const char *>(w);
  char *const to = static_cast<char *>(shuffled);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t byte = 0; byte < rowBytes; byte += chunkBytes, from += chunkBytes) {
      const std::int64_t group = row / blockRows * blockRows * rowBytes,
                         block = byte / blockBytes * blockBytes;
      const std::int64_t chunk = byte % blockBytes / chunkBytes * blockRows + row % blockRows;
      std::memcpy(to + group + block * blockRows + chunk * chunkBytes, from, chunkBytes);
    }
  return ok;
}

} // namespace
