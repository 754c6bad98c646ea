#include "KernelMetadata.h"
#include "llvm/BinaryFormat/MsgPackDocument.h"

using namespace llvm;

namespace codesign::simulate {
namespace {

Error malformed(const Twine &what) {
  return createStringError("malformed kernel metadata: " + what);
}

msgpack::DocNode *find(msgpack::MapDocNode &map, StringRef key) {
  auto entry = map.find(key);
  return entry == map.end() ? nullptr : &entry->second;
}

Error readText(msgpack::MapDocNode &map, StringRef key, std::string &value) {
  msgpack::DocNode *node = find(map, key);
  if (!node)
    return Error::success();
  if (!node->isString())
    return malformed("'" + key + "' is not a string");
  value = node->getString().str();
  return Error::success();
}

Error readNumber(msgpack::MapDocNode &map, StringRef key, uint32_t &value) {
  msgpack::DocNode *node = find(map, key);
  if (!node)
    return Error::success();
  uint64_t number = 0;
  if (node->getKind() == msgpack::Type::UInt)
    number = node->getUInt();
  else if (node->getKind() == msgpack::Type::Int && node->getInt() >= 0)
    number = static_cast<uint64_t>(node->getInt());
  else
    return malformed("'" + key + "' is not a number");
  if (number > (1u << 30))
    return malformed("'" + key + "' is out of range");
  value = static_cast<uint32_t>(number);
  return Error::success();
}

Expected<KernelArgument> readArgument(msgpack::DocNode &node) {
  if (!node.isMap())
    return malformed("an argument is not a map");
  KernelArgument argument;
  if (Error error = readText(node.getMap(), ".name", argument.name))
    return std::move(error);
  if (Error error = readText(node.getMap(), ".value_kind", argument.valueKind))
    return std::move(error);
  if (Error error = readNumber(node.getMap(), ".offset", argument.offsetBytes))
    return std::move(error);
  if (Error error = readNumber(node.getMap(), ".size", argument.sizeBytes))
    return std::move(error);
  return argument;
}

Error readKernel(msgpack::MapDocNode &map, std::vector<Kernel> &kernels) {
  std::string name, symbol;
  if (Error error = readText(map, ".name", name))
    return error;
  if (Error error = readText(map, ".symbol", symbol))
    return error;
  StringRef wanted = StringRef(symbol).ends_with(".kd") ? StringRef(symbol).drop_back(3) : StringRef(name);
  for (Kernel &kernel : kernels) {
    if (kernel.name != wanted)
      continue;
    if (Error error = readNumber(map, ".kernarg_segment_size", kernel.kernargBytes))
      return error;
    if (Error error = readNumber(map, ".max_flat_workgroup_size", kernel.maxWorkgroupSize))
      return error;
    msgpack::DocNode *list = find(map, ".args");
    if (!list)
      continue;
    if (!list->isArray())
      return malformed("'.args' is not a list");
    for (msgpack::DocNode &node : list->getArray()) {
      auto argument = readArgument(node);
      if (!argument)
        return argument.takeError();
      kernel.arguments.push_back(std::move(*argument));
    }
    uint32_t end = 0;
    for (const KernelArgument &argument : kernel.arguments)
      end = std::max(end, argument.offsetBytes + argument.sizeBytes);
    kernel.kernargBytes = std::max(kernel.kernargBytes, end);
  }
  return Error::success();
}

} // namespace

Error readKernelMetadata(StringRef blob, std::vector<Kernel> &kernels) {
  msgpack::Document document;
  if (!document.readFromBlob(blob, /*Multi=*/false))
    return malformed("not msgpack");
  if (!document.getRoot().isMap())
    return malformed("the top level is not a map");
  msgpack::DocNode *list = find(document.getRoot().getMap(), "amdhsa.kernels");
  if (!list)
    return Error::success();
  if (!list->isArray())
    return malformed("'amdhsa.kernels' is not a list");
  for (msgpack::DocNode &node : list->getArray()) {
    if (!node.isMap())
      return malformed("a kernel is not a map");
    if (Error error = readKernel(node.getMap(), kernels))
      return error;
  }
  return Error::success();
}

} // namespace codesign::simulate
