// Comments of a source: safe, wrapped, and each said once.
#include "KernelWriter.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace codesign::emit {

std::string commentText(StringRef text) {
  std::string safe = text.str();
  for (char &c : safe)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
      c = ' ';
  // A comment that ends in a trigraph or a continuation could swallow the next line; neither survives without
  // a backslash.
  return safe;
}

void writeComment(llvm::raw_ostream &out, StringRef text, int indent, int hanging) {
  const std::string safe = commentText(text);
  std::string current;
  auto flush = [&] {
    out.indent(indent) << "// " << current << '\n';
    current = std::string(hanging, ' ');
  };
  // Spaces that set columns apart at the beginning of a word are kept.
  for (StringRef rest = safe; !rest.empty();) {
    const size_t end = rest.find(' ', rest.find_first_not_of(' '));
    const StringRef word = rest.take_front(end);
    if (!current.empty() && indent + 3 + current.size() + word.size() > lineLength &&
        StringRef(current).find_first_not_of(' ') != StringRef::npos) {
      flush();
      current += word.ltrim();
    } else {
      current += word;
    }
    rest = rest.drop_front(word.size());
  }
  flush();
}

void KernelWriter::comment(Operation *op) {
  if (auto text = op->getAttrOfType<StringAttr>("kernel.comment"))
    explain(text.getValue());
}

void KernelWriter::explain(StringRef text) {
  if (text.empty() || !said.insert(text).second)
    return;
  writeComment(out, std::string(1, llvm::toUpper(text.front())) + text.drop_front().str() + ".", 2 * depth,
               0);
}

} // namespace codesign::emit
