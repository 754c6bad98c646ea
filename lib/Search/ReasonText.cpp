// Puts tiles, waves and traffic into the reasons that the search found.
#include "EstimateText.h"

#include "codesign/Search/PlanBuilder.h"
#include "codesign/Search/Search.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <map>
#include <set>

namespace codesign {

namespace {

using OperatorKey = std::tuple<std::string, std::string, std::string>; // workload, block, name
using Shapes = std::map<OperatorKey, OperatorShape>;

Shapes shapesOf(const Space &space, const Variant &variant) {
  Shapes shapes;
  const ModelSpec model = modelOf(space, variant);
  for (const Workload &workload : workloadsOf(space, variant))
    for (const PlacedOperator &placed : operatorsOf(model, workload))
      shapes.try_emplace({workload.name, placed.block, placed.op.name}, placed.op.shape);
  return shapes;
}

/// What one layer costs at the chosen widths: the difference between the chosen variant with both numbers of
/// layers.
std::string layerText(const Space &space, const Variant &from, const Variant &to,
                      const Providers &providers) {
  Variant other = to;
  other.dimensions[Dimension::NumHiddenLayers] = from.dimensions[Dimension::NumHiddenLayers];
  const ModelSpec model = modelOf(space, to), otherModel = modelOf(space, other);
  const double layers =
      double(from.dimensions[Dimension::NumHiddenLayers] - to.dimensions[Dimension::NumHiddenLayers]);
  std::string text = "one layer of the chosen widths takes ";
  bool first = true;
  for (const Workload &workload : workloadsOf(space, to)) {
    const double seconds =
        (stepCost(otherModel, workload, providers).seconds - stepCost(model, workload, providers).seconds) /
        layers;
    char part[96];
    std::snprintf(part, sizeof part, "%s%.3g ms of a %s step", first ? "" : " and ", seconds * 1e3,
                  workload.name.c_str());
    text += part;
    first = false;
  }
  return text;
}

} // namespace

void wordReasons(const Space &space, const Variant &from, const Variant &to, const Providers &providers,
                 std::vector<PlanReason> &reasons) {
  const Shapes before = shapesOf(space, from), after = shapesOf(space, to);
  const auto weight = [&](const PlanOperatorDelta &delta) {
    for (const WorkloadChoice &choice : space.workloads)
      if (choice.workload.name == delta.workload)
        return std::fabs(delta.toSeconds - delta.fromSeconds) * choice.workload.weight /
               double(choice.workload.replicaTokens());
    return 0.0;
  };
  constexpr int shown = 2;
  std::set<OperatorKey> described; // each operator's shapes are said once
  for (PlanReason &reason : reasons) {
    if (reason.dimensions == std::vector<std::string>{toString(Dimension::NumHiddenLayers).str()}) {
      reason.text = layerText(space, from, to, providers);
      continue;
    }
    llvm::stable_sort(reason.operators, [&](const PlanOperatorDelta &a, const PlanOperatorDelta &b) {
      return weight(a) > weight(b);
    });
    std::string text;
    int said = 0;
    for (const PlanOperatorDelta &delta : reason.operators) {
      const OperatorKey key{delta.workload, delta.block, delta.name};
      auto old = before.find(key), chosen = after.find(key);
      if (said == shown || old == before.end() || chosen == after.end())
        break;
      if (!text.empty())
        text += ". ";
      text += delta.workload + " " + delta.block + "/" + delta.name + " ";
      const bool sameShape = old->second == chosen->second;
      if (sameShape || !described.insert(key).second) {
        char counts[96];
        std::snprintf(counts, sizeof counts, "%s; %.4g -> %.4g ms per step by this change",
                      sameShape ? "has the same shape" : "as above", delta.fromSeconds * 1e3,
                      delta.toSeconds * 1e3);
        text += counts;
      } else {
        text += changeText(old->second, providers.library().estimate(old->second), chosen->second,
                           providers.library().estimate(chosen->second), providers.profile());
      }
      ++said;
    }
    if (!text.empty())
      reason.text = text;
  }
}

} // namespace codesign
