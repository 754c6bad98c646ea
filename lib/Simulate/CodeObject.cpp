#include "codesign/Simulate/CodeObject.h"
#include "KernelMetadata.h"
#include "Program.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/AMDHSAKernelDescriptor.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <cstring>

using namespace llvm;

namespace codesign::simulate {

using ElfObject = object::ELF64LEObjectFile;

namespace {
// A code object of a real kernel library is well below these; a corrupt header is not.
constexpr uint64_t maxSegmentBytes = 1ull << 28;
constexpr uint64_t maxImageBytes = 1ull << 29;
} // namespace

/// Fills one CodeObject from an ELF file; every step checks its bounds.
class CodeObjectReader {
public:
  CodeObjectReader(StringRef bytes, StringRef fileName) : bytes(bytes), fileName(fileName.str()) {}
  Expected<std::shared_ptr<const CodeObject>> read();

private:
  Error fail(const Twine &message) const { return usageError(Twine(fileName) + ": " + message); }
  Error openElf();
  Error readSegments();
  Error readSymbols();
  Error readDescriptor(StringRef name, uint64_t address);
  Error readMetadata();
  Error decode();
  const Segment *segmentAt(uint64_t address, uint64_t size) const;

  StringRef bytes;
  std::string fileName;
  std::unique_ptr<object::ObjectFile> owner;
  const ElfObject *elf = nullptr;
  std::shared_ptr<CodeObject> object;
};

CodeObject::CodeObject() = default;
CodeObject::~CodeObject() = default;

Error CodeObjectReader::openElf() {
  if (bytes.starts_with("__CLANG_OFFLOAD_BUNDLE__") || bytes.starts_with("CCOB"))
    return fail("an offload bundle; extract the device code object, or compile with --no-gpu-bundle-output");
  if (!bytes.starts_with("\x7f"
                         "ELF"))
    return fail("not an ELF code object");
  auto file = object::ObjectFile::createELFObjectFile(MemoryBufferRef(bytes, fileName));
  if (!file)
    return fail(toString(file.takeError()));
  owner = std::move(*file);
  elf = dyn_cast<ElfObject>(owner.get());
  if (!elf || elf->getELFFile().getHeader().e_machine != ELF::EM_AMDGPU)
    return fail("not a 64-bit AMDGPU code object");
  switch (elf->getELFFile().getHeader().e_flags & ELF::EF_AMDGPU_MACH) {
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX942:
    object->arch = "gfx942";
    break;
  case ELF::EF_AMDGPU_MACH_AMDGCN_GFX950:
    object->arch = "gfx950";
    break;
  default:
    return fail("compiled for another processor; the simulator runs gfx942 and gfx950");
  }
  switch (elf->getELFFile().getHeader().e_ident[ELF::EI_ABIVERSION]) {
  case ELF::ELFABIVERSION_AMDGPU_HSA_V4:
    object->version = 4;
    break;
  case ELF::ELFABIVERSION_AMDGPU_HSA_V5:
    object->version = 5;
    break;
  case ELF::ELFABIVERSION_AMDGPU_HSA_V6:
    object->version = 6;
    break;
  default:
    break;
  }
  return Error::success();
}

Error CodeObjectReader::readSegments() {
  auto headers = elf->getELFFile().program_headers();
  if (!headers)
    return fail(toString(headers.takeError()));
  uint64_t total = 0;
  for (const auto &header : *headers) {
    if (header.p_type != ELF::PT_LOAD || header.p_memsz == 0)
      continue;
    if (header.p_memsz > maxSegmentBytes || header.p_memsz > maxImageBytes - total)
      return fail("a segment of " + Twine(header.p_memsz) + " bytes is larger than any code object");
    if (header.p_filesz > header.p_memsz || header.p_offset > bytes.size() ||
        header.p_filesz > bytes.size() - header.p_offset || header.p_vaddr + header.p_memsz < header.p_vaddr)
      return fail("a segment lies outside the file");
    total += header.p_memsz;
    Segment segment;
    segment.address = header.p_vaddr;
    segment.writable = header.p_flags & ELF::PF_W;
    segment.executable = header.p_flags & ELF::PF_X;
    segment.bytes.resize(header.p_memsz);
    if (header.p_filesz)
      std::memcpy(segment.bytes.data(), bytes.data() + header.p_offset, header.p_filesz);
    object->segmentList.push_back(std::move(segment));
  }
  if (object->segmentList.empty())
    return fail("no loadable segment; link the object first (ld.lld -shared)");
  return Error::success();
}

const Segment *CodeObjectReader::segmentAt(uint64_t address, uint64_t size) const {
  for (const Segment &segment : object->segmentList)
    if (address >= segment.address && address - segment.address <= segment.bytes.size() &&
        size <= segment.bytes.size() - (address - segment.address))
      return &segment;
  return nullptr;
}

Error CodeObjectReader::readSymbols() {
  std::vector<Symbol> descriptors;
  auto collect = [&](const object::ELFSymbolRef &symbol) -> Error {
    auto name = symbol.getName();
    if (!name)
      return fail(toString(name.takeError()));
    auto address = symbol.getAddress();
    if (!address)
      return fail(toString(address.takeError()));
    if (name->empty() || symbol.getELFType() == ELF::STT_SECTION || symbol.getELFType() == ELF::STT_FILE)
      return Error::success();
    if (name->ends_with(".kd"))
      descriptors.push_back({name->drop_back(3).str(), *address});
    else
      object->symbolList.push_back({name->str(), *address});
    return Error::success();
  };
  for (const object::ELFSymbolRef symbol : elf->symbols())
    if (Error error = collect(symbol))
      return error;
  for (const object::ELFSymbolRef symbol : elf->getDynamicSymbolIterators())
    if (Error error = collect(symbol))
      return error;
  auto byAddress = [](const Symbol &a, const Symbol &b) {
    return a.address != b.address ? a.address < b.address : a.name < b.name;
  };
  auto same = [](const Symbol &a, const Symbol &b) { return a.address == b.address && a.name == b.name; };
  for (std::vector<Symbol> *list : {&descriptors, &object->symbolList}) {
    llvm::sort(*list, byAddress);
    list->erase(std::unique(list->begin(), list->end(), same), list->end());
  }
  for (const Symbol &descriptor : descriptors)
    if (Error error = readDescriptor(descriptor.name, descriptor.address))
      return error;
  if (object->kernelList.empty())
    return fail("holds no kernel descriptor (no symbol ends in .kd)");
  return Error::success();
}

Error CodeObjectReader::readDescriptor(StringRef name, uint64_t address) {
  amdhsa::kernel_descriptor_t raw;
  const Segment *segment = segmentAt(address, sizeof(raw));
  if (!segment)
    return fail("the descriptor of kernel '" + name + "' lies outside the loadable segments");
  std::memcpy(&raw, segment->bytes.data() + (address - segment->address), sizeof(raw));
  Kernel kernel;
  kernel.name = name.str();
  kernel.descriptorAddress = address;
  kernel.entryAddress = address + static_cast<uint64_t>(raw.kernel_code_entry_byte_offset);
  const Segment *code = segmentAt(kernel.entryAddress, 4);
  if (!code || !code->executable || kernel.entryAddress % 4)
    return fail("the entry of kernel '" + name + "' lies outside the code");
  kernel.staticLdsBytes = raw.group_segment_fixed_size;
  kernel.scratchBytesPerLane = raw.private_segment_fixed_size;
  kernel.kernargBytes = raw.kernarg_size;
  kernel.rsrc1 = raw.compute_pgm_rsrc1;
  kernel.rsrc2 = raw.compute_pgm_rsrc2;
  kernel.rsrc3 = raw.compute_pgm_rsrc3;
  kernel.properties = raw.kernel_code_properties;
  kernel.vectorRegisters = ((kernel.rsrc1 & 63) + 1) * 8;
  kernel.scalarRegisters = (((kernel.rsrc1 >> 6) & 15) + 1) * 8;
  kernel.accumulationOffset = ((kernel.rsrc3 & 63) + 1) * 4;
  kernel.preloadDwords = raw.kernarg_preload & 127;
  kernel.preloadOffsetDwords = raw.kernarg_preload >> 7;
  if (kernel.staticLdsBytes > (1u << 20) || kernel.scratchBytesPerLane > (1u << 17))
    return fail("kernel '" + name + "' asks for more LDS or scratch than any device has");
  object->kernelList.push_back(std::move(kernel));
  return Error::success();
}

Error CodeObjectReader::readMetadata() {
  auto sections = elf->getELFFile().sections();
  if (!sections)
    return fail(toString(sections.takeError()));
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_NOTE)
      continue;
    Error error = Error::success();
    for (const auto note : elf->getELFFile().notes(section, error)) {
      if (note.getName() != "AMDGPU" || note.getType() != ELF::NT_AMDGPU_METADATA)
        continue;
      if (Error bad = readKernelMetadata(note.getDescAsStringRef(4), object->kernelList)) {
        consumeError(std::move(error));
        return fail(toString(std::move(bad)));
      }
    }
    if (error)
      return fail(toString(std::move(error)));
  }
  return Error::success();
}

Error CodeObjectReader::decode() {
  auto sections = elf->getELFFile().sections();
  if (!sections)
    return fail(toString(sections.takeError()));
  std::vector<CodeRange> ranges;
  for (const auto &section : *sections) {
    if (section.sh_type != ELF::SHT_PROGBITS || !(section.sh_flags & ELF::SHF_EXECINSTR) || !section.sh_size)
      continue;
    const Segment *segment = segmentAt(section.sh_addr, section.sh_size);
    if (!segment)
      return fail("a code section lies outside the loadable segments");
    ranges.push_back({section.sh_addr, ArrayRef(segment->bytes.data() + (section.sh_addr - segment->address),
                                                section.sh_size)});
  }
  if (ranges.empty()) // stripped of section headers: take what is executable
    for (const Segment &segment : object->segmentList)
      if (segment.executable)
        ranges.push_back({segment.address, segment.bytes});
  auto program = Program::decode(object->arch, ranges);
  if (!program)
    return fail(toString(program.takeError()));
  object->decoded = std::move(*program);
  for (const Kernel &kernel : object->kernelList)
    if (object->decoded->indexAt(kernel.entryAddress) < 0)
      return fail("the entry of kernel '" + kernel.name + "' is not at an instruction");
  return Error::success();
}

Expected<std::shared_ptr<const CodeObject>> CodeObjectReader::read() {
  object = std::shared_ptr<CodeObject>(new CodeObject());
  for (auto step :
       {&CodeObjectReader::openElf, &CodeObjectReader::readSegments, &CodeObjectReader::readSymbols,
        &CodeObjectReader::readMetadata, &CodeObjectReader::decode})
    if (Error error = (this->*step)())
      return error;
  return std::shared_ptr<const CodeObject>(object);
}

Expected<std::shared_ptr<const CodeObject>> CodeObject::load(StringRef bytes, StringRef fileName) {
  return CodeObjectReader(bytes, fileName).read();
}

Expected<std::shared_ptr<const CodeObject>> CodeObject::loadFile(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return usageError("cannot read '" + path + "': " + buffer.getError().message());
  return load((*buffer)->getBuffer(), path);
}

Expected<const Kernel *> CodeObject::kernel(StringRef name) const {
  std::vector<StringRef> names;
  for (const Kernel &kernel : kernelList) {
    if (kernel.name == name)
      return &kernel;
    names.push_back(kernel.name);
  }
  return usageError("no kernel '" + name + "' in the code object" + didYouMean(name, names));
}

} // namespace codesign::simulate
