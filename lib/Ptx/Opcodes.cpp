#include "Opcodes.h"
#include "llvm/ADT/StringSwitch.h"

namespace codesign::ptx {

std::optional<Type> typeOf(llvm::StringRef word) {
  return llvm::StringSwitch<std::optional<Type>>(word)
      .Case("pred", Type{Kind::Predicate, 1})
      .Case("u8", Type{Kind::Unsigned, 8})
      .Case("u16", Type{Kind::Unsigned, 16})
      .Case("u32", Type{Kind::Unsigned, 32})
      .Case("u64", Type{Kind::Unsigned, 64})
      .Case("s8", Type{Kind::Signed, 8})
      .Case("s16", Type{Kind::Signed, 16})
      .Case("s32", Type{Kind::Signed, 32})
      .Case("s64", Type{Kind::Signed, 64})
      .Case("b8", Type{Kind::Bits, 8})
      .Cases({"b16", "e4m3x2", "e5m2x2"}, Type{Kind::Bits, 16})
      .Cases({"b32", "bf16x2", "f16x2"}, Type{Kind::Bits, 32})
      .Case("b64", Type{Kind::Bits, 64})
      .Case("f16", Type{Kind::Float, 16})
      .Case("bf16", Type{Kind::Bfloat, 16})
      .Case("f32", Type{Kind::Float, 32})
      .Case("f64", Type{Kind::Float, 64})
      .Default(std::nullopt);
}

std::optional<Special> specialOf(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Special>>(name)
      .Case("%tid.x", Special::ThreadX)
      .Case("%ntid.x", Special::ThreadCountX)
      .Case("%ctaid.x", Special::BlockX)
      .Case("%ctaid.y", Special::BlockY)
      .Case("%nctaid.x", Special::BlockCountX)
      .Case("%cluster_ctarank", Special::ClusterRank)
      .Case("%laneid", Special::LaneId)
      .Default(std::nullopt);
}

static std::optional<Op> opOf(llvm::StringRef base, const Instruction &instruction) {
  const auto has = [&](llvm::StringRef modifier) { return instruction.has(modifier); };
  if (base == "mul" || base == "mad") {
    const bool isMad = base == "mad";
    if (has("wide"))
      return isMad ? Op::MadWide : Op::MulWide;
    if (has("hi"))
      return isMad ? std::nullopt : std::optional(Op::MulHi);
    return isMad ? Op::MadLo : Op::MulLo;
  }
  if (base == "bar" || base == "barrier") {
    if (has("cluster"))
      return has("arrive") ? Op::ClusterArrive : Op::ClusterWait;
    if (has("warp"))
      return Op::WarpBarrier;
    if (has("arrive"))
      return std::nullopt;
    if (has("red"))
      return has("or") ? std::optional(Op::BarrierReduce) : std::nullopt;
    return Op::Barrier;
  }
  if (base == "cp") {
    const bool bulk = has("bulk");
    if (has("wait_all") || has("mbarrier") || (!bulk && !has("async")))
      return std::nullopt;
    if (has("tensor"))
      return has("mbarrier::complete_tx::bytes") ? Op::TensorLoad : Op::TensorStore;
    if (has("commit_group"))
      return bulk ? Op::BulkCommit : Op::CopyCommit;
    if (has("wait_group"))
      return bulk ? Op::BulkWait : Op::CopyWait;
    return bulk ? std::nullopt : std::optional(Op::CopyAsync);
  }
  if (base == "mbarrier") {
    if (has("init"))
      return Op::MbarrierInit;
    if (has("expect_tx"))
      return has("arrive") ? std::optional(Op::MbarrierExpect) : std::nullopt;
    if (has("arrive"))
      return Op::MbarrierArrive;
    return has("parity") ? std::optional(Op::MbarrierTest) : std::nullopt;
  }
  if (base == "wgmma")
    return has("mma_async")      ? Op::WgmmaProduct
           : has("commit_group") ? Op::WgmmaCommit
           : has("wait_group")   ? Op::WgmmaWait
                                 : Op::WarpNothing;
  return llvm::StringSwitch<std::optional<Op>>(base)
      .Case("abs", Op::Abs)
      .Case("add", Op::Add)
      .Case("and", Op::And)
      .Case("atom", Op::Atom)
      .Case("bfe", Op::Bfe)
      .Case("bra", Op::Branch)
      .Case("brev", Op::Brev)
      .Case("clz", Op::Clz)
      .Case("cvt", Op::Cvt)
      .Case("cvta", Op::Cvta)
      .Case("div", Op::Div)
      .Case("elect", Op::Elect)
      .Case("ex2", Op::Ex2)
      .Case("fma", Op::Fma)
      .Cases({"fence", "membar", "prefetch", "griddepcontrol"}, Op::Nothing)
      .Case("ld", Op::Load)
      .Case("ldmatrix", Op::LoadMatrix)
      .Case("lg2", Op::Lg2)
      .Case("mapa", Op::Mapa)
      .Case("max", Op::Max)
      .Case("min", Op::Min)
      .Case("mma", Op::Mma)
      .Case("mov", Op::Mov)
      .Case("neg", Op::Neg)
      .Case("not", Op::Not)
      .Case("or", Op::Or)
      .Case("popc", Op::Popc)
      .Case("prmt", Op::Prmt)
      .Case("rcp", Op::Rcp)
      .Case("red", Op::Reduce)
      .Case("rem", Op::Rem)
      .Cases({"ret", "exit"}, Op::Return)
      .Case("rsqrt", Op::Rsqrt)
      .Case("selp", Op::Selp)
      .Case("setmaxnreg", Op::WarpNothing)
      .Case("setp", Op::Setp)
      .Case("shfl", Op::Shuffle)
      .Case("shl", Op::Shl)
      .Case("shr", Op::Shr)
      .Case("sqrt", Op::Sqrt)
      .Case("st", Op::Store)
      .Case("stmatrix", Op::StoreMatrix)
      .Case("sub", Op::Sub)
      .Case("tanh", Op::Tanh)
      .Case("vote", Op::Vote)
      .Case("xor", Op::Xor)
      .Default(std::nullopt);
}

/// Words that change what an instruction does, and are not executed.
static bool changesIt(llvm::StringRef base, llvm::StringRef word) {
  constexpr llvm::StringLiteral refused[] = {
      "sat", "relu", "NaN", "rz",  "rm",   "rp",  "rzi", "rni",   "rmi",    "rpi",   "hilo",      "f4e",
      "b4e", "rc8",  "ecl", "ecr", "rc16", "uni", "cc",  "async", "reduce", "noinc", "noComplete"};
  const bool isBranch = base == "bra", isAsync = base == "cp" || base == "fence";
  if ((isBranch && word == "uni") || (isAsync && word == "async"))
    return false;
  // Pairs of numbers are only converted and moved.
  const bool isPair = word.ends_with("x2") && typeOf(word);
  return llvm::is_contained(refused, word) || (isPair && base != "cvt" && base != "mov");
}

size_t leastOperands(Op op) {
  switch (op) {
  case Op::Branch:
  case Op::Return:
  case Op::Nothing:
  case Op::ClusterArrive:
  case Op::ClusterWait:
  case Op::WarpNothing:
  case Op::WgmmaCommit:
  case Op::CopyCommit:
  case Op::BulkCommit:
    return 0;
  case Op::Barrier:
  case Op::WarpBarrier:
  case Op::WgmmaWait:
  case Op::CopyWait:
  case Op::BulkWait:
    return 1;
  case Op::Add:
  case Op::And:
  case Op::Div:
  case Op::Max:
  case Op::Min:
  case Op::MulHi:
  case Op::MulLo:
  case Op::MulWide:
  case Op::Or:
  case Op::Rem:
  case Op::Setp:
  case Op::Shl:
  case Op::Shr:
  case Op::Sub:
  case Op::Xor:
  case Op::Atom:
  case Op::Mapa:
  case Op::Elect:
  case Op::Vote:
  case Op::CopyAsync:
  case Op::TensorLoad:
  case Op::MbarrierExpect:
  case Op::MbarrierTest:
    return 3;
  case Op::Bfe:
  case Op::Fma:
  case Op::MadLo:
  case Op::MadWide:
  case Op::Prmt:
  case Op::Selp:
  case Op::BarrierReduce:
  case Op::Mma:
    return 4;
  case Op::Shuffle:
    return 5;
  case Op::WgmmaProduct:
    return 6;
  default:
    return 2;
  }
}

bool decodeName(llvm::StringRef name, Instruction &instruction) {
  llvm::SmallVector<llvm::StringRef> words;
  name.split(words, '.');
  const llvm::StringRef base = words.front();
  instruction.modifiers.assign(words.begin() + 1, words.end());
  const std::optional<Op> op = opOf(base, instruction);
  if (!op || llvm::any_of(instruction.modifiers, [&](llvm::StringRef word) { return changesIt(base, word); }))
    return false;
  instruction.op = *op;
  bool isFirst = true;
  for (llvm::StringRef word : instruction.modifiers)
    if (std::optional<Type> type = typeOf(word)) {
      if (isFirst)
        instruction.type = *type;
      instruction.from = *type;
      isFirst = false;
    }
  for (llvm::StringRef word : instruction.modifiers)
    if (word == "global")
      instruction.space = Space::Global;
    else if (word.starts_with("shared"))
      instruction.space = Space::Shared;
    else if (word == "local")
      instruction.space = Space::Local;
    else if (word == "param")
      instruction.space = Space::Param;
  return true;
}

} // namespace codesign::ptx
