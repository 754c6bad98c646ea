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

std::optional<Range> readLimit(MapReader &map, PlanRequest &request, llvm::StringRef key,
                               std::optional<double> tolerance) {
  YamlContext &context = map.context();
  std::optional<YAML::Node> node = map.takeOptional(key);
  if (!node)
    return std::nullopt;
  noteLocation(map, request, map.pathOf(key), *node);
  if (!node->IsMap())
    return budgetRange(readNumber(context, *node, map.pathOf(key), 1, largestLimit), tolerance);
  MapReader limits(context, *node, map.pathOf(key));
  Range range;
  if (std::optional<YAML::Node> min = limits.takeOptional("min"))
    range.min = readNumber(context, *min, limits.pathOf("min"), 0, largestLimit);
  if (std::optional<YAML::Node> max = limits.takeOptional("max"))
    range.max = readNumber(context, *max, limits.pathOf("max"), 0, largestLimit);
  limits.finish();
  if (!context.failed() && range.min > range.max)
    context.fail(*node, "'" + map.pathOf(key) + "' has a minimum above its maximum");
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
      MapReader limits(context, value, path);
      if (std::optional<YAML::Node> min = limits.takeOptional("min"))
        change.min = readNumber(context, *min, limits.pathOf("min"), 0, largestLimit);
      if (std::optional<YAML::Node> max = limits.takeOptional("max"))
        change.max = readNumber(context, *max, limits.pathOf("max"), 0, largestLimit);
      limits.finish();
      if (!context.failed() && change.min && change.max && *change.min > *change.max)
        context.fail(value, "'" + path + "' has a minimum above its maximum");
    } else {
      context.fail(value, "'" + path + "' must be off or {min: …, max: …}, found " + describeNode(value));
    }
    request.guardRails.push_back(change);
  }
}

} // namespace codesign
