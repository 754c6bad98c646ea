#include "codesign/Frontend/Frontend.h"
#include "ModelBuilder.h"
#include "codesign/Support/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace codesign {

namespace {

class RequestBuilder {
public:
  RequestBuilder(MLIRContext &context, const PlanRequest &request)
      : request(request), spec(request.model.model), builder(&context), unknown(UnknownLoc::get(&context)) {}

  OwningOpRef<ModuleOp> build() {
    OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
    builder.setInsertionPointToEnd(module->getBody());
    auto model = arch::ModelOp::create(builder, modelLocation(), builder.getStringAttr(spec.name),
                                       builder.getStringAttr(spec.family),
                                       TypeAttr::get(arch::toType(builder.getContext(), spec.type)),
                                       builder.getI64IntegerAttr(spec.maxPositionEmbeddings), UnitAttr());
    builder.createBlock(&model.getBody());
    buildDimensions();
    buildQuestion();
    const auto &shared = request.domains[size_t(Dimension::SharedExpertIntermediateSize)];
    ModelBuilder(builder, modelLocation(), spec, declared).buildBlocks(shared.has_value());
    return module;
  }

private:
  Location place(const SourceLocation &location) {
    if (!location.file || location.line == 0)
      return unknown;
    return FileLineColLoc::get(builder.getContext(), location.file->name, location.line, location.column);
  }

  /// The place of a part of the request, by the reader's name for it.
  Location place(llvm::StringRef part) {
    auto found = request.locations.find(part.str());
    return found == request.locations.end() ? modelLocation() : place(found->second);
  }

  Location modelLocation() {
    if (!request.model.source)
      return unknown;
    return FileLineColLoc::get(builder.getContext(), request.model.source->name, 1, 1);
  }

  /// Where the value stands; derived values keep the rule as their name.
  Location origin(Dimension dimension) {
    auto found = request.model.origins.find(toString(dimension).str());
    if (found == request.model.origins.end())
      return modelLocation();
    Location location = place(found->second.location);
    if (found->second.rule.empty())
      return location;
    return NameLoc::get(builder.getStringAttr(found->second.rule), modelLocation());
  }

  void buildDimensions() {
    declared = dimensionsOf(spec);
    for (Dimension dimension : allDimensions()) {
      const auto &domain = request.domains[size_t(dimension)];
      if (declared[dimension] == 0 && !domain)
        continue;
      arch::DimensionOp::create(builder, origin(dimension), builder.getStringAttr(toString(dimension)),
                                builder.getI64IntegerAttr(declared[dimension]),
                                domain ? arch::toAttribute(builder.getContext(), *domain)
                                       : arch::DomainAttrInterface());
    }
  }

  void buildQuestion() {
    for (arch::BudgetKind kind : arch::allBudgetKinds)
      arch::createBudget(builder, place(("budget." + arch::stringifyBudgetKind(kind)).str()), kind,
                         request.budget);
    for (const GuardRailChange &change : request.guardRails)
      arch::createConstraint(builder, place("guard_rails." + change.name), change);
    for (auto [index, choice] : llvm::enumerate(request.workloads))
      arch::createWorkload(builder, place(llvm::formatv("workloads[{0}]", index).str()), choice);
    arch::ObjectiveOp::create(
        builder, place("objective"),
        arch::ObjectiveAttr::get(builder.getContext(), static_cast<arch::Objective>(request.objective)));
  }

  const PlanRequest &request;
  const ModelSpec &spec;
  OpBuilder builder;
  Location unknown;
  DimensionValues declared;
};

} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> buildArchModule(MLIRContext &context, const PlanRequest &request) {
  context.loadDialect<arch::ArchDialect>();
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = RequestBuilder(context, request).build();
  if (failed(verify(*module)))
    return usageError(request.model.model.name + ": " + message);
  return module;
}

} // namespace codesign
