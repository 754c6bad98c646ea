#include "ArgumentParser.h"
#include "Lanes/SmallFloat.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <cstring>

using namespace llvm;

namespace codesign::simulate {
namespace {

constexpr uint64_t maxBufferBytes = 1ull << 32;
constexpr unsigned maxPadding = 4096; // of one argument; no kernel takes more bytes in all

struct ElementType {
  StringRef name;
  int bytes;
  bool isFloat;
};
constexpr ElementType elementTypes[] = {
    {"f64", 8, true},  {"f32", 4, true},  {"f16", 2, true},  {"bf16", 2, true}, {"fp8", 1, true},
    {"i64", 8, false}, {"u64", 8, false}, {"i32", 4, false}, {"u32", 4, false}, {"i16", 2, false},
    {"u16", 2, false}, {"i8", 1, false},  {"u8", 1, false}};

const ElementType *findType(StringRef name) {
  for (const ElementType &type : elementTypes)
    if (type.name == name)
      return &type;
  return nullptr;
}

Error unknownType(StringRef name) {
  std::vector<StringRef> names;
  for (const ElementType &type : elementTypes)
    names.push_back(type.name);
  return usageError("--arg: unknown type '" + name + "'" + didYouMean(name, names));
}

/// Bit pattern of a value in the low bytes.
uint64_t encode(const ElementType &type, double value) {
  if (type.name == "f64")
    return std::bit_cast<uint64_t>(value);
  float single = static_cast<float>(value);
  if (type.name == "f32")
    return std::bit_cast<uint32_t>(single);
  if (type.name == "f16")
    return floatToHalf(single);
  if (type.name == "bf16")
    return floatToBfloat(single);
  if (type.name == "fp8")
    return Float8Fnuz::encode(single, true);
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

} // namespace

Expected<std::vector<uint8_t>> ArgumentParser::generate(StringRef typeName, uint64_t count, StringRef init) {
  const ElementType *type = findType(typeName);
  if (!type)
    return unknownType(typeName);
  if (count > maxBufferBytes / type->bytes)
    return usageError("--arg: a buffer of " + Twine(count) + " elements is too large");
  int kind = StringSwitch<int>(init)
                 .Cases({"", "zero"}, 0)
                 .Case("random", 1)
                 .Case("one", 2)
                 .Case("iota", 3)
                 .Default(-1);
  if (kind < 0)
    return usageError("--arg: unknown content '" + init + "'" +
                      didYouMean(init, {"zero", "random", "one", "iota"}));
  std::vector<uint8_t> bytes(count * type->bytes);
  std::uniform_real_distribution<double> real(-1, 1);
  for (uint64_t i = 0; i < count; ++i) {
    double value = kind == 1   ? (type->isFloat ? real(generator) : std::floor(real(generator) * 8))
                   : kind == 2 ? 1
                   : kind == 3 ? double(i)
                               : 0;
    uint64_t bits = encode(*type, value);
    std::memcpy(bytes.data() + i * type->bytes, &bits, type->bytes);
  }
  return bytes;
}

Error ArgumentParser::addBuffer(StringRef name, StringRef text, KernelArguments &arguments) {
  if (named.count(name.str()))
    return usageError("--arg: buffer '" + name + "' is given twice");
  std::vector<uint8_t> bytes;
  if (text.consume_front("@")) {
    auto file = MemoryBuffer::getFile(text, false, false);
    if (!file)
      return usageError("cannot read '" + text + "': " + file.getError().message());
    bytes.assign((*file)->getBufferStart(), (*file)->getBufferEnd());
  } else {
    auto [shape, init] = text.split(':');
    auto [type, count] = shape.split('[');
    uint64_t elements = 0;
    if (!count.consume_back("]") || count.getAsInteger(10, elements))
      return usageError("--arg: '" + text + "' is no buffer; write NAME=TYPE[COUNT]:INIT or NAME=@FILE");
    auto generated = generate(type, elements, init);
    if (!generated)
      return generated.takeError();
    bytes = std::move(*generated);
  }
  uint64_t address = memory.allocateCopy(name, bytes);
  named[name.str()] = address;
  arguments.pointer(address);
  return Error::success();
}

Error ArgumentParser::add(StringRef text, KernelArguments &arguments) {
  auto [name, rest] = text.split('=');
  if (text.contains('=') && (rest.starts_with("@") || rest.contains('[')))
    return addBuffer(name, rest, arguments);
  auto [typeName, number] = (text.contains('=') ? rest : text).split(':');
  if (typeName == "pad") {
    unsigned bytes = 0;
    if (number.getAsInteger(10, bytes) || bytes > maxPadding)
      return usageError("--arg: 'pad:' takes a number of bytes up to " + Twine(maxPadding) + ", not '" +
                        number + "'");
    arguments.bytes.resize(arguments.bytes.size() + bytes);
    return Error::success();
  }
  const ElementType *type = findType(typeName);
  if (!type)
    return unknownType(typeName);
  uint64_t bits = 0;
  if (type->isFloat) {
    double value = 0;
    if (number.getAsDouble(value))
      return usageError("--arg: '" + number + "' is not a number");
    bits = encode(*type, value);
  } else {
    int64_t value = 0;
    uint64_t positive = 0;
    if (number.getAsInteger(0, value)) {
      if (number.getAsInteger(0, positive))
        return usageError("--arg: '" + number + "' is not an integer");
      value = static_cast<int64_t>(positive);
    }
    bits = static_cast<uint64_t>(value);
    // Both signs' ranges: u32:-1 and i32:0xffffffff are the same bits.
    const unsigned width = 8 * type->bytes;
    if (width < 64 && (value < -(int64_t(1) << (width - 1)) || value >= int64_t(1) << width))
      return usageError("--arg: '" + number + "' does not fit into " + typeName);
  }
  switch (type->bytes) {
  case 8:
    arguments.value(bits);
    break;
  case 4:
    arguments.value(static_cast<uint32_t>(bits));
    break;
  case 2:
    arguments.value(static_cast<uint16_t>(bits));
    break;
  default:
    arguments.value(static_cast<uint8_t>(bits));
    break;
  }
  return Error::success();
}

} // namespace codesign::simulate
