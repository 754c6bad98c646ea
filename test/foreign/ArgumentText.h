// Collects kernel arguments as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace codesign::foreign {

/// Arguments in slots of 16 bytes, as most of AITER's hand-scheduled kernels take them, or of 8.
class ArgumentText {
public:
  explicit ArgumentText(int slotBytes = 16) : slotBytes(slotBytes) {}
  /// A generated buffer: type "bf16", content "random", "zero", "one" or "iota".
  ArgumentText &buffer(const std::string &name, const std::string &type, int64_t count,
                       const std::string &content = "zero") {
    list.push_back(name + "=" + type + "[" + std::to_string(count) + "]:" + content);
    return pad(slotBytes - 8);
  }
  ArgumentText &null() {
    list.push_back("u64:0");
    return pad(slotBytes - 8);
  }
  ArgumentText &integer(int64_t value) {
    list.push_back("u32:" + std::to_string(value));
    return pad(slotBytes - 4);
  }
  ArgumentText &real(float value);
  ArgumentText &pad(int bytes) {
    if (bytes)
      list.push_back("pad:" + std::to_string(bytes));
    return *this;
  }

  std::vector<std::string> list;

private:
  int slotBytes;
};

std::string gridText(int64_t x, int64_t y = 1, int64_t z = 1);
inline int64_t divideUp(int64_t value, int64_t by) {
  return (value + by - 1) / by;
}

} // namespace codesign::foreign
