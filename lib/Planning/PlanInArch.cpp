// A plan in the IR has the structure of its JSON text.
#include "codesign/Plan/PlanIO.h"
#include "codesign/Planning/Planning.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <charconv>
#include <yaml-cpp/yaml.h>

using namespace mlir;

namespace codesign {

/// JSON is YAML; llvm::json would not tell 1.0 from 1.
static Attribute attributeOf(Builder &builder, const YAML::Node &node) {
  if (node.IsMap()) {
    SmallVector<NamedAttribute> entries;
    for (const auto &entry : node)
      entries.emplace_back(builder.getStringAttr(entry.first.Scalar()), attributeOf(builder, entry.second));
    return arch::TreeAttr::get(builder.getContext(), entries);
  }
  if (node.IsSequence()) {
    SmallVector<Attribute> elements;
    for (const YAML::Node &element : node)
      elements.push_back(attributeOf(builder, element));
    return builder.getArrayAttr(elements);
  }
  if (node.IsNull())
    return builder.getUnitAttr();
  StringRef text = node.Scalar();
  bool quoted = node.Tag() == "!";
  int64_t integer = 0;
  double number = 0;
  if (!quoted && !text.getAsInteger(10, integer))
    return builder.getI64IntegerAttr(integer);
  if (!quoted && (text == "true" || text == "false"))
    return builder.getBoolAttr(text == "true");
  if (!quoted && !text.getAsDouble(number))
    return builder.getF64FloatAttr(number);
  return builder.getStringAttr(text);
}

static std::string textOf(double number) {
  std::array<char, 32> buffer;
  char *end = std::to_chars(buffer.begin(), buffer.end(), number).ptr;
  std::string text(buffer.begin(), end);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

static void writeJson(llvm::json::OStream &json, Attribute tree) {
  if (auto entries = dyn_cast<arch::TreeAttr>(tree))
    json.object([&] {
      for (NamedAttribute entry : entries.getEntries()) {
        json.attributeBegin(entry.getName().getValue());
        writeJson(json, entry.getValue());
        json.attributeEnd();
      }
    });
  else if (auto array = dyn_cast<ArrayAttr>(tree))
    json.array([&] {
      for (Attribute element : array)
        writeJson(json, element);
    });
  else if (auto text = dyn_cast<StringAttr>(tree))
    json.value(text.getValue());
  else if (auto boolean = dyn_cast<BoolAttr>(tree))
    json.value(boolean.getValue());
  else if (auto integer = dyn_cast<IntegerAttr>(tree))
    json.value(integer.getInt());
  else if (auto number = dyn_cast<FloatAttr>(tree))
    json.rawValue(textOf(number.getValueAsDouble()));
  else
    json.value(nullptr);
}

arch::PlanOp attachPlan(arch::ModelOp model, const Plan &plan) {
  for (auto old : llvm::make_early_inc_range(model.getBody().getOps<arch::PlanOp>()))
    if (old.getHardware() == plan.hardware)
      old.erase();
  OpBuilder builder = OpBuilder::atBlockEnd(&model.getBody().front());
  NamedAttrList dimensions;
  for (const PlanDimension &dimension : plan.chosen().dimensions)
    dimensions.set(dimension.name, builder.getI64IntegerAttr(dimension.value));
  std::string text;
  llvm::raw_string_ostream stream(text);
  writePlanJson(plan, stream);
  auto decision = cast<arch::TreeAttr>(attributeOf(builder, YAML::Load(text)));
  return arch::PlanOp::create(builder, model.getLoc(), builder.getStringAttr(plan.hardware),
                              dimensions.getDictionary(model.getContext()), decision);
}

llvm::Expected<Plan> planFrom(arch::ModelOp model, StringRef hardware) {
  arch::PlanOp found;
  for (auto plan : model.getBody().getOps<arch::PlanOp>()) {
    if (!hardware.empty() && plan.getHardware() != hardware)
      continue;
    if (found)
      return usageError("the model has several plans; name one device");
    found = plan;
  }
  if (!found)
    return usageError("the model has no plan" + (hardware.empty() ? "" : " for '" + hardware + "'"));
  auto file = std::make_shared<SourceFile>();
  file->name = ("arch.plan for " + found.getHardware()).str();
  llvm::raw_string_ostream stream(file->text);
  llvm::json::OStream json(stream, /*IndentSize=*/1);
  writeJson(json, found.getDecision());
  return readPlan(file);
}

} // namespace codesign
