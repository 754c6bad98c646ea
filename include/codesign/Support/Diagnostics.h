// Errors about a user's input: one clear message with file:line:column, a caret, and a suggestion where there
// is one.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>

namespace codesign {

/// Exit codes of every tool; documented in the user guide.
enum class ExitCode : int {
  Ok = 0,
  Internal = 1,
  BadInput = 2,
  Infeasible = 3,
  WrongNumbers = 4,
  SlowerThanPromised = 5,
};

/// A text that positions refer to; shared by everything that was read from it.
struct SourceFile {
  std::string name;
  std::string text;

  /// The text of a 1-based line without its line end; empty past the end.
  llvm::StringRef line(int lineNumber) const;
};

/// A place in a source file; line and column count from 1, 0 means "the file as a whole".
struct SourceLocation {
  std::shared_ptr<const SourceFile> file;
  int line = 0;
  int column = 0;

  /// "config.json:3:18", or the name alone without a line.
  std::string str() const;
};

/// Reads a whole file, or standard input for "-". An unreadable path is a CodedError with ExitCode::BadInput.
llvm::Expected<std::shared_ptr<const SourceFile>> readSourceFile(llvm::StringRef path);

/// An error with the exit code it leads to; message() is complete, several lines for a caret diagnostic.
class CodedError : public llvm::ErrorInfo<CodedError> {
public:
  static char ID;
  CodedError(ExitCode code, std::string message) : code(code), text(std::move(message)) {}

  void log(llvm::raw_ostream &stream) const override { stream << text; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
  ExitCode exitCode() const { return code; }
  std::string message() const override { return text; }

private:
  ExitCode code;
  std::string text;
};

/// "file:line:column: error: message", the source line and a caret below it; exit code 2.
llvm::Error inputError(const SourceLocation &location, const llvm::Twine &message);
/// The same with a second part, printed as "note: …" on its own line.
llvm::Error inputError(const SourceLocation &location, const llvm::Twine &message, const llvm::Twine &note);
/// "error: message" without a place (command-line options, missing files); exit code 2.
llvm::Error usageError(const llvm::Twine &message);
/// No plan satisfies the constraints; exit code 3.
llvm::Error infeasibleError(const llvm::Twine &message);

/// The candidate nearest to `word` within a third of its length (edit distance, rounded up), or empty.
llvm::StringRef nearestName(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates);
/// "; did you mean 'x'?" or an empty string.
std::string didYouMean(llvm::StringRef word, llvm::ArrayRef<llvm::StringRef> candidates);

/// The exit code an error leads to: a CodedError's own, otherwise ExitCode::Internal.
/// Prints every message to `stream` and consumes the error.
ExitCode reportError(llvm::Error error, llvm::raw_ostream &stream);

} // namespace codesign
