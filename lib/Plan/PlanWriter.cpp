#include "Describe.h"
#include "codesign/Plan/PlanIO.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"
#include <charconv>
#include <cmath>

namespace codesign {

namespace {

/// The shortest digits that read back to the same value; "null" for what JSON cannot say.
std::string numberText(double value) {
  if (!std::isfinite(value))
    return "null";
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr};
}

/// The same, but never like a whole number: a field's type is part of its value.
std::string fieldNumberText(double value) {
  std::string text = numberText(value);
  return llvm::StringRef(text).find_first_of(".en") == llvm::StringRef::npos ? text + ".0" : text;
}

std::string quoted(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream stream(result);
  stream << llvm::json::Value(llvm::json::fixUTF8(text));
  return result;
}

std::string scalarText(int64_t value) {
  return std::to_string(value);
}
std::string scalarText(bool value) {
  return value ? "true" : "false";
}
std::string scalarText(double value) {
  return numberText(value);
}
std::string scalarText(const std::string &value) {
  return quoted(value);
}

template <class T>
concept Scalar = requires(const T &value) { scalarText(value); };

std::string fieldText(const PlanField &field) {
  if (const auto *integer = std::get_if<int64_t>(&field.value))
    return scalarText(*integer);
  if (const auto *number = std::get_if<double>(&field.value))
    return fieldNumberText(*number);
  return quoted(std::get<std::string>(field.value));
}
std::string fieldText(const PlanTerm &term) {
  return scalarText(term.seconds);
}
std::string fieldText(const PlanDimension &dimension) {
  return scalarText(dimension.value);
}

/// A named value: a list of them is written as one mapping.
template <class T>
concept Named = requires(const T &value) { fieldText(value); };

class JsonWriter {
public:
  explicit JsonWriter(llvm::raw_ostream &stream) : json(stream, 2) {}

  template <class Part>
  void write(const Part &part) {
    json.object([&] { describe(*this, part); });
  }

  template <Scalar T>
  void operator()(const char *key, const T &value) {
    json.attributeBegin(key);
    json.rawValue(scalarText(value));
    json.attributeEnd();
  }
  template <class T>
  void operator()(const char *key, const std::optional<T> &value) {
    if (value)
      (*this)(key, *value);
  }
  template <class Part>
  void operator()(const char *key, const Part &part) {
    json.attributeBegin(key);
    write(part);
    json.attributeEnd();
  }
  template <class T>
  void operator()(const char *key, const std::vector<T> &list) {
    json.attributeArray(key, [&] {
      for (const T &item : list) {
        if constexpr (Scalar<T>)
          json.rawValue(scalarText(item));
        else
          write(item);
      }
    });
  }
  template <Named T>
  void operator()(const char *key, const std::vector<T> &list) {
    json.attributeObject(key, [&] {
      for (const T &item : list) {
        json.attributeBegin(item.name);
        json.rawValue(fieldText(item));
        json.attributeEnd();
      }
    });
  }

private:
  llvm::json::OStream json;
};

class YamlWriter {
public:
  explicit YamlWriter(llvm::raw_ostream &stream) : stream(stream) {}

  template <Scalar T>
  void operator()(const char *key, const T &value) {
    startKey(key) << ' ' << scalarText(value) << '\n';
  }
  template <class T>
  void operator()(const char *key, const std::optional<T> &value) {
    if (value)
      (*this)(key, *value);
  }
  template <class Part>
  void operator()(const char *key, const Part &part) {
    startKey(key) << '\n';
    nested(2, [&] { describe(*this, part); });
  }
  template <class T>
  void operator()(const char *key, const std::vector<T> &list) {
    startKey(key);
    if (list.empty() || Scalar<T>) {
      stream << " [";
      if constexpr (Scalar<T>)
        llvm::interleaveComma(list, stream, [&](const T &item) { stream << scalarText(item); });
      stream << "]\n";
      return;
    }
    stream << '\n';
    if constexpr (!Scalar<T>)
      for (const T &item : list) {
        startItem = true;
        nested(4, [&] { describe(*this, item); });
      }
  }
  template <Named T>
  void operator()(const char *key, const std::vector<T> &list) {
    startKey(key) << " {";
    llvm::interleaveComma(list, stream,
                          [&](const T &item) { stream << quoted(item.name) << ": " << fieldText(item); });
    stream << "}\n";
  }

private:
  llvm::raw_ostream &startKey(const char *key) {
    stream.indent(indentation - (startItem ? 2 : 0)) << (startItem ? "- " : "");
    startItem = false;
    return stream << key << ':';
  }

  template <class Write>
  void nested(unsigned columns, Write write) {
    indentation += columns;
    write();
    indentation -= columns;
  }

  llvm::raw_ostream &stream;
  unsigned indentation = 0;
  bool startItem = false; // the next key opens a list item
};

} // namespace

void writePlanJson(const Plan &plan, llvm::raw_ostream &stream) {
  JsonWriter(stream).write(plan);
  stream << '\n';
}

void writePlanYaml(const Plan &plan, llvm::raw_ostream &stream) {
  YamlWriter writer(stream);
  describe(writer, plan);
}

} // namespace codesign
