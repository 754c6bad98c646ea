// Hand-written parts of the assembly format; only the dialect's own sources include this.
#pragma once

#include "dialects/Arch/Arch.h"
#include "mlir/IR/OpImplementation.h"

namespace codesign::arch {

/// A 64-bit integer without its type.
mlir::ParseResult parseInteger(mlir::OpAsmParser &parser, mlir::IntegerAttr &value);
void printInteger(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::IntegerAttr value);

/// A double in its shortest form; integers are accepted.
mlir::ParseResult parseNumber(mlir::OpAsmParser &parser, mlir::FloatAttr &value);
void printNumber(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::FloatAttr value);

/// `4096` or `@hidden_size`.
mlir::ParseResult parseSize(mlir::OpAsmParser &parser, mlir::Attribute &size);
void printSize(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::Attribute size);

/// `[tensor 1, tensor 8 expert 8]`, each an array of tensor, expert and pipeline ranks.
mlir::ParseResult parseSplits(mlir::OpAsmParser &parser, mlir::ArrayAttr &splits);
void printSplits(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::ArrayAttr splits);

/// `[64, 128]`, `3072 to 5120 step 64`, `2.5 to 4.0 of @hidden_size step 64`.
mlir::ParseResult parseDomain(mlir::OpAsmParser &parser, DomainAttrInterface &domain);
void printDomain(mlir::OpAsmPrinter &printer, mlir::Operation *, DomainAttrInterface domain);

/// `{best = [{speedup = 1.25}], …}`
mlir::ParseResult parseTree(mlir::OpAsmParser &parser, TreeAttr &tree);
void printTree(mlir::OpAsmPrinter &printer, mlir::Operation *, TreeAttr tree);

/// `{head_dim = 128}`: integers without their type.
mlir::ParseResult parseValues(mlir::OpAsmParser &parser, mlir::DictionaryAttr &values);
void printValues(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::DictionaryAttr values);

/// The shortest decimal that reads back as the same number, with the point that tells it from an integer.
void printShortest(llvm::raw_ostream &stream, double number);

} // namespace codesign::arch
