#include "Describe.h"
#include "codesign/Plan/PlanIO.h"
#include "codesign/Support/YamlReader.h"
#include <limits>

namespace codesign {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

bool isQuoted(const YAML::Node &node) {
  return node.Tag() == "!";
}

class PlanReader {
public:
  PlanReader(YamlContext &context, const YAML::Node &node, const std::string &path)
      : context(context), map(context, node, path) {}

  template <class Part>
  static void read(YamlContext &context, const YAML::Node &node, const std::string &path, Part &part) {
    PlanReader reader(context, node, path);
    describe(reader, part);
    reader.map.finish();
  }

  template <class T>
  void operator()(const char *key, T &value) {
    YAML::Node node = map.take(key);
    if (!context.failed())
      readValue(node, map.pathOf(key), value);
  }
  template <class T>
  void operator()(const char *key, std::optional<T> &value) {
    if (std::optional<YAML::Node> node = map.takeOptional(key))
      readValue(*node, map.pathOf(key), value.emplace());
  }

private:
  void readValue(const YAML::Node &node, const std::string &path, double &value) {
    value = readNumber(context, node, path, -infinity, infinity);
  }
  /// Counts may be larger than what a double holds exactly.
  void readValue(const YAML::Node &node, const std::string &path, int64_t &value) {
    if (!node.IsScalar() || isQuoted(node) || llvm::StringRef(node.Scalar()).getAsInteger(10, value))
      context.fail(node, "'" + path + "' must be a whole number, found " + describeNode(node));
  }
  void readValue(const YAML::Node &node, const std::string &path, bool &value) {
    value = readBool(context, node, path);
  }
  void readValue(const YAML::Node &node, const std::string &path, std::string &value) {
    if (node.IsScalar())
      value = node.Scalar();
    else
      context.fail(node, "'" + path + "' must be text, found " + describeNode(node));
  }
  void readValue(const YAML::Node &node, const std::string &path, PlanField &field) {
    int64_t integer = 0;
    if (node.IsScalar() && isQuoted(node))
      field.value = node.Scalar();
    else if (node.IsScalar() && !llvm::StringRef(node.Scalar()).getAsInteger(10, integer))
      field.value = integer;
    else
      field.value = readNumber(context, node, path, -infinity, infinity);
  }
  void readValue(const YAML::Node &node, const std::string &path, PlanTerm &term) {
    readValue(node, path, term.seconds);
  }
  void readValue(const YAML::Node &node, const std::string &path, PlanDimension &dimension) {
    readValue(node, path, dimension.value);
  }
  template <class Part>
    requires std::is_class_v<Part>
  void readValue(const YAML::Node &node, const std::string &path, Part &part) {
    read(context, node, path, part);
  }
  template <class T>
  void readValue(const YAML::Node &node, const std::string &path, std::vector<T> &list) {
    if constexpr (std::is_same_v<T, PlanField> || std::is_same_v<T, PlanTerm> ||
                  std::is_same_v<T, PlanDimension>) {
      for (const auto &[name, value] : MapReader(context, node, path).members()) {
        T &item = list.emplace_back();
        item.name = name.Scalar();
        readValue(value, path + "." + item.name, item);
      }
    } else {
      if (!node.IsSequence())
        return context.fail(node, "'" + path + "' must be a list, found " + describeNode(node));
      for (const YAML::Node &value : node) {
        const std::string place = path + "[" + std::to_string(list.size()) + "]";
        readValue(value, place, list.emplace_back());
      }
    }
  }

  YamlContext &context;
  MapReader map;
};

} // namespace

llvm::Expected<Plan> readPlan(std::shared_ptr<const SourceFile> file) {
  bool json = llvm::StringRef(file->text).ltrim().starts_with("{");
  llvm::Expected<YamlContext> context = YamlContext::parse(std::move(file), json);
  if (!context)
    return context.takeError();
  Plan plan;
  // The version comes first: another one may have other keys.
  MapReader top(*context, context->root(), "");
  int64_t schema = top.integer("schema", 1, 1e9);
  if (!context->failed() && schema != planSchemaVersion)
    context->fail(top.take("schema"), "this plan has schema version " + llvm::Twine(schema) +
                                          "; this program reads version " + llvm::Twine(planSchemaVersion));
  if (!context->failed())
    PlanReader::read(*context, context->root(), "", plan);
  if (llvm::Error error = context->takeError())
    return error;
  return plan;
}

} // namespace codesign
