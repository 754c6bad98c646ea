#include "RequestSections.h"
#include <cmath>

namespace codesign {

namespace {

std::optional<double> readTolerance(MapReader &map) {
  std::optional<YAML::Node> node = map.takeOptional("tolerance");
  if (!node)
    return std::nullopt;
  llvm::StringRef text = node->IsScalar() ? llvm::StringRef(node->Scalar()) : llvm::StringRef();
  double value = 0;
  bool percent = text.consume_back("%");
  if (text.rtrim().getAsDouble(value) || !(value >= 0) || !std::isfinite(value)) {
    map.context().fail(*node, "'" + map.pathOf("tolerance") + "' must be a share such as 2% or 0.02, found " +
                                  describeNode(*node));
    return std::nullopt;
  }
  value = percent ? value / 100 : value;
  if (value > 1)
    map.context().fail(*node,
                       "'" + map.pathOf("tolerance") + "' is " + describeNode(*node) + ", more than 100 %" +
                           (percent ? std::string() : "; did you mean '" + describeNode(*node) + "%'?"));
  return value;
}

/// `min:` and `max:` of a mapping, in this order.
struct Bounds {
  std::optional<double> min, max;
};
Bounds readBounds(YamlContext &context, const YAML::Node &node, const std::string &path) {
  MapReader limits(context, node, path);
  auto bound = [&](llvm::StringRef key) -> std::optional<double> {
    if (std::optional<YAML::Node> value = limits.takeOptional(key))
      return readNumber(context, *value, limits.pathOf(key), 0, largestLimit);
    return std::nullopt;
  };
  Bounds bounds;
  bounds.min = bound("min");
  bounds.max = bound("max");
  limits.finish();
  if (!context.failed() && bounds.min && bounds.max && *bounds.min > *bounds.max)
    context.fail(node, "'" + path + "' has a minimum above its maximum");
  return bounds;
}

std::optional<Range> readLimit(MapReader &map, PlanRequest &request, llvm::StringRef key,
                               std::optional<double> tolerance) {
  YamlContext &context = map.context();
  std::optional<YAML::Node> node = map.takeOptional(key);
  if (!node)
    return std::nullopt;
  noteLocation(map, request, map.pathOf(key), *node);
  if (!node->IsMap())
    return budgetRange(readNumber(context, *node, map.pathOf(key), 1, largestLimit), tolerance);
  const Bounds bounds = readBounds(context, *node, map.pathOf(key));
  Range range;
  range.min = bounds.min.value_or(range.min);
  range.max = bounds.max.value_or(range.max);
  return range;
}

} // namespace

void readBudget(MapReader &root, PlanRequest &request) {
  std::optional<YAML::Node> node = root.takeOptional("budget");
  if (!node)
    return;
  MapReader map(root.context(), *node, "budget");
  std::optional<double> tolerance = readTolerance(map);
  request.budget.parameters = readLimit(map, request, "params", tolerance);
  request.budget.activeParameters = readLimit(map, request, "active_params", tolerance);
  request.budget.flopsPerToken = readLimit(map, request, "flops_per_token", tolerance);
  request.budget.memoryBytes = readLimit(map, request, "memory_bytes", std::nullopt);
  map.finish();
}

void readGuardRails(MapReader &root, PlanRequest &request) {
  std::optional<YAML::Node> node = root.takeOptional("constraints");
  if (!node)
    return;
  YamlContext &context = root.context();
  MapReader map(context, *node, "constraints");
  for (const auto &[key, value] : map.members()) {
    GuardRailChange change;
    change.name = key.Scalar();
    const std::string path = map.pathOf(change.name);
    noteLocation(map, request, path, key);
    map.takeOptional(change.name);
    if (value.IsScalar() && (value.Scalar() == "off" || value.Scalar() == "false")) {
      change.off = true;
    } else if (value.IsMap()) {
      const Bounds bounds = readBounds(context, value, path);
      change.min = bounds.min;
      change.max = bounds.max;
    } else {
      context.fail(value, "'" + path + "' must be off or {min: …, max: …}, found " + describeNode(value));
    }
    request.guardRails.push_back(change);
  }
}

} // namespace codesign
