#include "RequestSections.h"

namespace codesign {

namespace {

DimensionDomain readDomain(YamlContext &context, Dimension dimension, const YAML::Node &node,
                           const std::string &path) {
  // Only shared experts can be done without.
  const double smallest = dimension == Dimension::SharedExpertIntermediateSize ? 0 : 1;
  if (node.IsScalar())
    return ListDomain{{readInteger(context, node, path, smallest, largestSize)}};
  if (node.IsSequence()) {
    ListDomain list;
    for (const YAML::Node &item : node)
      list.values.push_back(readInteger(context, item, path, smallest, largestSize));
    if (list.values.empty())
      context.fail(node, "'" + path + "' lists no value");
    return list;
  }
  MapReader map(context, node, path);
  if (map.takeOptional("min_ratio") || map.takeOptional("max_ratio")) {
    if (dimension == Dimension::HiddenSize || dimension == Dimension::NumHiddenLayers)
      context.fail(node, "'" + path + "' cannot be a ratio of the hidden size");
    RatioDomain ratio{map.number("min_ratio", 0.001, 1000), map.number("max_ratio", 0.001, 1000),
                      map.integer("step", 1, largestSize)};
    map.finish();
    if (!context.failed() && ratio.minRatio > ratio.maxRatio)
      context.fail(node, "'" + path + "' has a min_ratio above its max_ratio");
    return ratio;
  }
  StepDomain step{map.integer("min", smallest, largestSize), map.integer("max", smallest, largestSize), 1};
  step.step = map.integer("step", 1, largestSize);
  map.finish();
  if (!context.failed() && step.min > step.max)
    context.fail(node,
                 "'" + path + "' has min " + llvm::Twine(step.min) + " above max " + llvm::Twine(step.max));
  if (!context.failed() && (step.max - step.min) / step.step >= 1'000'000)
    context.fail(node, "'" + path + "' has more than a million values");
  return step;
}

} // namespace

void readSearch(MapReader &root, PlanRequest &request) {
  std::optional<YAML::Node> node = root.takeOptional("search");
  if (!node)
    return;
  MapReader map(root.context(), *node, "search");
  for (Dimension dimension : allDimensions())
    if (std::optional<YAML::Node> domain = map.takeOptional(toString(dimension))) {
      const std::string path = map.pathOf(toString(dimension));
      noteLocation(map, request, path, *domain);
      request.domains[static_cast<size_t>(dimension)] = readDomain(root.context(), dimension, *domain, path);
    }
  map.finish();
}

} // namespace codesign
