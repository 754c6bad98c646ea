#include "KernelMetadata.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/BinaryFormat/MsgPackReader.h"

using namespace llvm;

namespace codesign::simulate {
namespace {

Error malformed(const Twine &what) {
  return createStringError("malformed kernel metadata: " + what);
}

/// Walks the note value by value. LLVM's own document class cannot be given untrusted bytes: it assumes that
/// every map key is a scalar.
class MetadataParser {
public:
  MetadataParser(StringRef blob, std::vector<Kernel> &kernels) : reader(blob), kernels(kernels) {}
  Error parse();

private:
  using Entry = function_ref<Error(StringRef key, const msgpack::Object &value)>;
  Expected<msgpack::Object> next();
  /// Calls `entry` for every pair of a map; it must consume containers it is given.
  Error forEachEntry(const msgpack::Object &map, Entry entry);
  Error skip(const msgpack::Object &object, int depth = 0);
  Error readKernels(const msgpack::Object &list);
  Error readKernel(const msgpack::Object &map);
  Error readArguments(const msgpack::Object &list, std::vector<KernelArgument> &arguments);
  Error readText(const msgpack::Object &object, std::string &text);
  Error readNumber(const msgpack::Object &object, uint32_t &number);

  msgpack::Reader reader;
  std::vector<Kernel> &kernels;
};

bool isContainer(const msgpack::Object &object) {
  return object.Kind == msgpack::Type::Map || object.Kind == msgpack::Type::Array;
}

Expected<msgpack::Object> MetadataParser::next() {
  msgpack::Object object;
  auto more = reader.read(object);
  if (!more)
    return more.takeError();
  if (!*more)
    return malformed("ends early");
  return object;
}

Error MetadataParser::skip(const msgpack::Object &object, int depth) {
  if (!isContainer(object))
    return Error::success();
  if (depth > 20)
    return malformed("nested too deeply");
  uint64_t count = object.Kind == msgpack::Type::Map ? 2 * uint64_t(object.Length) : object.Length;
  for (uint64_t i = 0; i < count; ++i) {
    auto element = next();
    if (!element)
      return element.takeError();
    if (Error error = skip(*element, depth + 1))
      return error;
  }
  return Error::success();
}

Error MetadataParser::forEachEntry(const msgpack::Object &map, Entry entry) {
  if (map.Kind != msgpack::Type::Map)
    return malformed("expected a map");
  for (uint64_t i = 0; i < map.Length; ++i) {
    auto key = next();
    if (!key)
      return key.takeError();
    if (key->Kind != msgpack::Type::String)
      return malformed("a key is not a string");
    StringRef name = key->Raw;
    auto value = next();
    if (!value)
      return value.takeError();
    if (Error error = entry(name, *value))
      return error;
  }
  return Error::success();
}

Error MetadataParser::readText(const msgpack::Object &object, std::string &text) {
  if (object.Kind != msgpack::Type::String)
    return malformed("expected a string");
  text = object.Raw.str();
  return Error::success();
}

Error MetadataParser::readNumber(const msgpack::Object &object, uint32_t &number) {
  uint64_t value;
  if (object.Kind == msgpack::Type::UInt)
    value = object.UInt;
  else if (object.Kind == msgpack::Type::Int && object.Int >= 0)
    value = static_cast<uint64_t>(object.Int);
  else
    return malformed("expected a number");
  if (value > (1u << 20)) // no segment, offset or size of a kernel's arguments is larger
    return malformed("a number is out of range");
  number = static_cast<uint32_t>(value);
  return Error::success();
}

Error MetadataParser::readArguments(const msgpack::Object &list, std::vector<KernelArgument> &arguments) {
  if (list.Kind != msgpack::Type::Array)
    return malformed("'.args' is not a list");
  for (uint64_t i = 0; i < list.Length; ++i) {
    auto map = next();
    if (!map)
      return map.takeError();
    KernelArgument argument;
    Error error = forEachEntry(*map, [&](StringRef key, const msgpack::Object &value) {
      if (key == ".name")
        return readText(value, argument.name);
      if (key == ".value_kind")
        return readText(value, argument.valueKind);
      if (key == ".offset")
        return readNumber(value, argument.offsetBytes);
      if (key == ".size")
        return readNumber(value, argument.sizeBytes);
      return skip(value);
    });
    if (error)
      return error;
    arguments.push_back(std::move(argument));
  }
  return Error::success();
}

Error MetadataParser::readKernel(const msgpack::Object &map) {
  Kernel read;
  std::string symbol;
  Error error = forEachEntry(map, [&](StringRef key, const msgpack::Object &value) {
    if (key == ".name")
      return readText(value, read.name);
    if (key == ".symbol")
      return readText(value, symbol);
    if (key == ".kernarg_segment_size")
      return readNumber(value, read.kernargBytes);
    if (key == ".max_flat_workgroup_size")
      return readNumber(value, read.maxWorkgroupSize);
    if (key == ".args")
      return readArguments(value, read.arguments);
    return skip(value);
  });
  if (error)
    return error;
  StringRef wanted =
      StringRef(symbol).ends_with(".kd") ? StringRef(symbol).drop_back(3) : StringRef(read.name);
  for (Kernel &kernel : kernels) {
    if (kernel.name != wanted)
      continue;
    kernel.kernargBytes = read.kernargBytes ? read.kernargBytes : kernel.kernargBytes;
    kernel.maxWorkgroupSize = read.maxWorkgroupSize;
    kernel.arguments = read.arguments;
    for (const KernelArgument &argument : kernel.arguments)
      kernel.kernargBytes = std::max(kernel.kernargBytes, argument.offsetBytes + argument.sizeBytes);
  }
  return Error::success();
}

Error MetadataParser::readKernels(const msgpack::Object &list) {
  if (list.Kind != msgpack::Type::Array)
    return malformed("'amdhsa.kernels' is not a list");
  for (uint64_t i = 0; i < list.Length; ++i) {
    auto map = next();
    if (!map)
      return map.takeError();
    if (Error error = readKernel(*map))
      return error;
  }
  return Error::success();
}

Error MetadataParser::parse() {
  auto root = next();
  if (!root)
    return root.takeError();
  return forEachEntry(*root, [&](StringRef key, const msgpack::Object &value) {
    return key == "amdhsa.kernels" ? readKernels(value) : skip(value);
  });
}

} // namespace

Error readKernelMetadata(StringRef blob, std::vector<Kernel> &kernels) {
  return MetadataParser(blob, kernels).parse();
}

} // namespace codesign::simulate
