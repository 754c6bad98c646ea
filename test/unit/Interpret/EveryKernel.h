// One small kernel of every family, and what may stand before and behind its products.
#pragma once

#include "TestKernels.h"
#include <functional>
#include <map>
#include <tuple>

namespace codesign::test {

/// A schedule for 16-bit operands, and how many of the combinations below it takes.
struct KernelFamily {
  std::string name;
  GemmKernel kernel;
  size_t combinations = 0;
};

struct OperandKind {
  DataType type = DataType::BF16;
  Scaling scaling = Scaling::None;
};

/// A change to a problem, which may stand beside any other.
struct ProblemStep {
  const char *name;
  std::function<void(GemmProblem &, Architecture)> apply;
};

std::vector<KernelFamily> kernelFamilies();
std::vector<OperandKind> operandKinds(Architecture architecture);
/// How operands lie in memory, and whose rows they are.
const std::vector<ProblemStep> &operandForms();
const std::vector<ProblemStep> &epilogues();

/// One product of a family; `operands`, `form` and `epilogue` are places in the lists above.
struct KernelCell {
  size_t operands = 0, form = 0, epilogue = 0;
  GemmProblem problem;
  GemmKernel kernel;
  std::string name;
};

/// Every combination that checkGemm accepts. All have two tiles of columns and two to five of k, the last
/// ones ragged; where the form allows it, rows of the output do not start at multiples of 16 bytes.
std::vector<KernelCell> cellsOf(const KernelFamily &family);

/// Picks cells such that operands and forms take turns: first those that a family has had least, then those
/// and the pairs that its architecture has had least.
class CellPairing {
public:
  /// One with the epilogue; none if the family does not take it.
  std::optional<KernelCell> pick(const KernelFamily &family, const std::vector<KernelCell> &cells,
                                 size_t epilogue);

private:
  enum class Axes { Operands, Form, OperandsAndForm, OperandsAndEpilogue, FormAndEpilogue };
  using Place = std::tuple<std::string, Axes, size_t, size_t>;
  static std::vector<std::pair<Place, double>> placesOf(const KernelFamily &family, const KernelCell &cell);
  std::map<Place, int> picked;
};

} // namespace codesign::test
