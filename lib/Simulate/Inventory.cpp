#include "codesign/Simulate/Inventory.h"
#include "Program.h"
#include "Translate.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <set>

using namespace llvm;

namespace codesign::simulate {
namespace {

/// Totals over the objects of a folder.
struct FolderInventory {
  uint64_t objects = 0, notLoaded = 0, incomplete = 0, kernels = 0, instructions = 0;
  std::set<std::string> opcodes;
  json::Array findings; // of JSON output
};

Expected<std::vector<std::string>> findCodeObjects(StringRef path) {
  if (!sys::fs::is_directory(path))
    return std::vector<std::string>{path.str()};
  std::vector<std::string> found;
  std::error_code code;
  for (sys::fs::recursive_directory_iterator entry(path, code), end; entry != end && !code;
       entry.increment(code)) {
    StringRef extension = sys::path::extension(entry->path());
    if (extension == ".co" || extension == ".hsaco")
      found.push_back(entry->path());
  }
  if (code)
    return usageError("cannot read folder '" + path + "': " + code.message());
  if (found.empty())
    return usageError("no .co or .hsaco file below '" + path + "'");
  std::sort(found.begin(), found.end());
  return found;
}

void printMissing(StringRef path, const ObjectInventory &inventory, bool json, FolderInventory &folder,
                  raw_ostream &out) {
  for (const MissingInstruction &missing : inventory.missing) {
    if (json)
      folder.findings.push_back(json::Object{{"file", path},
                                             {"instruction", missing.name},
                                             {"count", missing.count},
                                             {"first_address", static_cast<int64_t>(missing.firstAddress)}});
    else
      out << path << ": " << missing.count << " times " << missing.name << ", first at 0x"
          << utohexstr(missing.firstAddress, true) << ": not implemented\n";
  }
}

void add(FolderInventory &folder, const ObjectInventory &inventory) {
  ++folder.objects;
  folder.incomplete += !inventory.missing.empty();
  folder.kernels += inventory.kernels;
  folder.instructions += inventory.instructions;
  for (const auto &opcode : inventory.opcodes)
    folder.opcodes.insert(opcode.first);
}

} // namespace

ObjectInventory takeInventory(const CodeObject &object) {
  const Program &program = object.program();
  ObjectInventory result;
  result.architecture = object.architecture();
  result.codeObjectVersion = object.codeObjectVersion();
  result.kernels = object.kernels().size();
  result.instructions = static_cast<uint64_t>(program.size());
  std::map<std::string, MissingInstruction> missing;
  for (int i = 0; i < program.size(); ++i) {
    const Instruction &instruction = program[i];
    std::string name = program.name(i);
    ++result.opcodes[name];
    if (instruction.execute != executeUnimplemented)
      continue;
    MissingInstruction &entry = missing[name];
    if (entry.count++ == 0)
      entry = {name, 1, instruction.address};
  }
  for (auto &entry : missing)
    result.missing.push_back(std::move(entry.second));
  return result;
}

Expected<ExitCode> runInventory(StringRef path, bool json, raw_ostream &out) {
  auto files = findCodeObjects(path);
  if (!files)
    return files.takeError();
  FolderInventory folder;
  for (const std::string &file : *files) {
    auto object = CodeObject::loadFile(file);
    if (!object) {
      if (files->size() == 1)
        return object.takeError();
      std::string message = toString(object.takeError());
      ++folder.notLoaded;
      if (json)
        folder.findings.push_back(json::Object{{"file", file}, {"error", message}});
      else
        out << message << "\n";
      continue;
    }
    ObjectInventory inventory = takeInventory(**object);
    printMissing(file, inventory, json, folder, out);
    add(folder, inventory);
  }
  if (json)
    out << formatv("{0:2}", json::Value(json::Object{{"version", 1},
                                                     {"objects", folder.objects},
                                                     {"not_loaded", folder.notLoaded},
                                                     {"incomplete", folder.incomplete},
                                                     {"kernels", folder.kernels},
                                                     {"instructions", folder.instructions},
                                                     {"opcodes", folder.opcodes.size()},
                                                     {"not_implemented", std::move(folder.findings)}}))
        << "\n";
  else
    out << folder.objects << " code objects with " << folder.kernels << " kernels, " << folder.instructions
        << " instructions of " << folder.opcodes.size() << " opcodes; " << folder.incomplete
        << " objects with instructions that are not implemented, " << folder.notLoaded << " not loaded\n";
  return folder.incomplete || folder.notLoaded ? ExitCode::Infeasible : ExitCode::Ok;
}

} // namespace codesign::simulate
