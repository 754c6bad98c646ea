#include "codesign/Verify/Verify.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

namespace codesign {

void printVerifyReport(const VerifyReport &report, llvm::raw_ostream &stream) {
  size_t failed = 0;
  uint64_t instructions = 0;
  double seconds = 0;
  for (const VerifiedLaunch &launch : report.launches) {
    failed += !launch.passed();
    instructions += launch.instructions;
    seconds += launch.hostSeconds;
    stream << (launch.passed() ? "ok    " : "WRONG ") << launch.kernel << " at m = " << launch.m << ": "
           << launch.workgroups << " of " << launch.workgroupsOfGrid << " workgroups, error "
           << llvm::format("%.2f", launch.errorShare) << " of the bound";
    if (launch.bankConflictClocks > 0)
      stream << ", " << launch.bankConflictClocks << " clocks of LDS bank conflicts";
    stream << '\n';
    if (!launch.wrong.empty())
      stream << "      " << launch.wrong << '\n';
    for (const std::string &finding : launch.findings)
      stream << "      " << finding << '\n';
  }
  stream << report.package << " on " << report.architecture << ": " << report.launches.size() - failed
         << " of " << report.launches.size() << " launches right, " << instructions
         << (report.isAmd() ? " instructions of waves" : " instructions of threads") << " executed in "
         << llvm::format("%.1f", seconds) << " s\n";
}

void printVerifyJson(const VerifyReport &report, llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream, 2);
  json.object([&] {
    json.attribute("schema", "codesign.verify/2");
    json.attribute("package", report.package);
    json.attribute("architecture", report.architecture);
    json.attribute("passed", report.passed());
    json.attributeArray("launches", [&] {
      for (const VerifiedLaunch &launch : report.launches)
        json.object([&] {
          json.attribute("gemm", launch.gemm);
          json.attribute("kernel", launch.kernel);
          json.attribute("m", launch.m);
          json.attribute("n", launch.n);
          json.attribute("k", launch.k);
          json.attribute("workgroups", int64_t(launch.workgroups));
          json.attribute("workgroups_of_grid", int64_t(launch.workgroupsOfGrid));
          json.attribute("error_share_of_bound", launch.errorShare);
          json.attribute("instructions", int64_t(launch.instructions));
          json.attribute("bank_conflict_clocks", int64_t(launch.bankConflictClocks));
          json.attribute("passed", launch.passed());
          json.attribute("wrong", launch.wrong);
          json.attributeArray("findings", [&] {
            for (const std::string &finding : launch.findings)
              json.value(finding);
          });
        });
    });
  });
  stream << '\n';
}

} // namespace codesign
