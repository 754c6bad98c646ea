#include "codesign/Support/Diagnostics.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

namespace codesign {

char CodedError::ID = 0;

llvm::StringRef SourceFile::line(int lineNumber) const {
  llvm::StringRef rest = text;
  for (int i = 1; i < lineNumber; ++i) {
    size_t end = rest.find('\n');
    if (end == llvm::StringRef::npos)
      return {};
    rest = rest.drop_front(end + 1);
  }
  return rest.take_until([](char c) { return c == '\n'; }).rtrim('\r');
}

std::string SourceLocation::str() const {
  std::string name = file ? file->name : "<unknown>";
  if (line == 0)
    return name;
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

/// The whole text of a file, a pipe or standard input, up to a length that no specification has.
static llvm::Expected<std::string> readText(llvm::StringRef path) {
  constexpr size_t maxBytes = size_t(64) << 20, chunkBytes = size_t(1) << 16;
  const auto failure = [&](const llvm::Twine &reason) {
    return usageError("cannot read '" + path + "': " + reason);
  };
  const bool standardInput = path == "-";
  llvm::Expected<llvm::sys::fs::file_t> handle =
      standardInput ? llvm::sys::fs::getStdinHandle() : llvm::sys::fs::openNativeFileForRead(path);
  if (!handle)
    return failure(llvm::toString(handle.takeError()));
  const auto closing = llvm::scope_exit([&] {
    if (!standardInput)
      (void)llvm::sys::fs::closeFile(*handle);
  });
  std::string text;
  for (size_t length = 0; length <= maxBytes;) {
    text.resize(length + chunkBytes);
    llvm::Expected<size_t> count = llvm::sys::fs::readNativeFile(*handle, {text.data() + length, chunkBytes});
    if (!count)
      return failure(llvm::toString(count.takeError()));
    length += *count;
    text.resize(length);
    if (*count == 0)
      return text;
  }
  return failure("it is longer than 64 MiB");
}

llvm::Expected<std::shared_ptr<const SourceFile>> readSourceFile(llvm::StringRef path) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  std::string name = path == "-" ? std::string("<stdin>") : path.str();
  return std::make_shared<const SourceFile>(SourceFile{std::move(name), std::move(*text)});
}

/// A byte of a UTF-8 character other than its first.
static bool continuesCharacter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// The source line and a caret, with tabs kept so that the caret lines up and long lines cut around the
/// caret.
static std::string caretText(const SourceLocation &location) {
  if (!location.file || location.line == 0)
    return {};
  constexpr size_t maxWidth = 160;
  llvm::StringRef line = location.file->line(location.line);
  size_t caret = std::min<size_t>(std::max(location.column, 1) - 1, line.size());
  if (line.size() > maxWidth) {
    size_t start = caret > maxWidth / 2 ? caret - maxWidth / 2 : 0;
    size_t end = std::min(start + maxWidth, line.size());
    while (start < caret && continuesCharacter(line[start]))
      ++start;
    while (end < line.size() && end > caret && continuesCharacter(line[end]))
      --end;
    line = line.slice(start, end);
    caret -= start;
  }
  const bool utf8 = llvm::json::isUTF8(line);
  std::string text = "  ";
  std::string marker = "  ";
  for (size_t i = 0; i < line.size(); ++i) {
    unsigned char c = line[i];
    const bool hidden = (c < 0x20 && c != '\t') || c == 0x7f || (c >= 0x80 && !utf8);
    text += hidden ? '?' : line[i];
    if (i < caret && (hidden || !continuesCharacter(line[i])))
      marker += c == '\t' ? '\t' : ' ';
  }
  return "\n" + text + "\n" + marker + "^";
}

/// Messages quote the input: without its control characters and, where it is very long, its end.
static std::string printable(const llvm::Twine &message) {
  constexpr size_t maxLength = 1000;
  std::string text = message.str();
  if (text.size() > maxLength) {
    size_t end = maxLength;
    while (end > 0 && continuesCharacter(text[end]))
      --end;
    text.resize(end);
    text += "…";
  }
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

llvm::Error inputError(const SourceLocation &location, const llvm::Twine &message) {
  return llvm::make_error<CodedError>(ExitCode::BadInput, location.str() + ": error: " + printable(message) +
                                                              caretText(location));
}

llvm::Error inputError(const SourceLocation &location, const llvm::Twine &message, const llvm::Twine &note) {
  return llvm::make_error<CodedError>(ExitCode::BadInput, location.str() + ": error: " + printable(message) +
                                                              caretText(location) +
                                                              "\n  note: " + note.str());
}

llvm::Error usageError(const llvm::Twine &message) {
  return llvm::make_error<CodedError>(ExitCode::BadInput, ("error: " + message).str());
}

llvm::Error infeasibleError(const llvm::Twine &message) {
  return llvm::make_error<CodedError>(ExitCode::Infeasible, ("error: " + message).str());
}

llvm::StringRef nearestName(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates) {
  unsigned best = (word.size() + 2) / 3 + 1; // a third, rounded up: two neighbours swapped in a short word
  llvm::StringRef nearest;
  for (llvm::StringRef candidate : candidates) {
    unsigned distance = word.edit_distance_insensitive(candidate, /*AllowReplacements=*/true, best);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string didYouMean(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates) {
  // The beginning of several names: all of them.
  std::string completions;
  for (llvm::StringRef candidate : candidates)
    if (word.size() > 1 && candidate.size() > word.size() && candidate.starts_with(word))
      completions += (completions.empty() ? "'" : " or '") + candidate.str() + "'";
  if (!completions.empty())
    return "; did you mean " + completions + "?";
  llvm::StringRef nearest = nearestName(word, candidates);
  return nearest.empty() ? std::string() : "; did you mean '" + nearest.str() + "'?";
}

ExitCode reportError(llvm::Error error, llvm::raw_ostream &stream) {
  ExitCode code = ExitCode::Ok;
  llvm::handleAllErrors(
      std::move(error),
      [&](const CodedError &coded) {
        stream << coded.message() << '\n';
        code = std::max(code, coded.exitCode());
      },
      [&](const llvm::ErrorInfoBase &other) {
        stream << "error: " << other.message() << '\n';
        code = ExitCode::Internal;
      });
  return code;
}

} // namespace codesign
