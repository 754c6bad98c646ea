#include "RequestSections.h"
#include "codesign/Spec/HuggingFace.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace codesign {

llvm::Expected<LoadedModel> readModel(MapReader &root) {
  YamlContext &context = root.context();
  std::optional<YAML::Node> base = root.takeOptional("base"), inlined = root.takeOptional("model");
  if (base && inlined)
    context.fail(*inlined, "'base' and 'model' exclude each other");
  if (!base && !inlined)
    root.take("base");
  if (context.failed())
    return context.takeError();
  if (inlined)
    return readInlineModel(context, *inlined, llvm::sys::path::stem(context.source()->name));
  std::string path = readText(context, *base, "base");
  if (context.failed())
    return context.takeError();
  llvm::SmallString<256> resolved(path);
  if (llvm::sys::path::is_relative(path)) {
    resolved = llvm::sys::path::parent_path(context.source()->name);
    llvm::sys::path::append(resolved, path);
  }
  // A file that names a device as its base would never end.
  if (llvm::sys::fs::exists(resolved) && !llvm::sys::fs::is_regular_file(resolved)) {
    context.fail(*base, "the base model '" + path + "' is not a file");
    return context.takeError();
  }
  llvm::Expected<std::shared_ptr<const SourceFile>> file = readSourceFile(resolved);
  if (!file) {
    llvm::consumeError(file.takeError());
    context.fail(*base, "cannot read the base model '" + path + "'");
    return context.takeError();
  }
  llvm::StringRef text = (*file)->text;
  text.consume_front("\xEF\xBB\xBF");
  if (!text.ltrim().starts_with("{")) {
    context.fail(*base, "the base model '" + path + "' is not a Hugging Face config.json: it is not JSON");
    return context.takeError();
  }
  return readHuggingFaceConfig(*file);
}

} // namespace codesign
