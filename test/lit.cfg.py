import os
import shutil

import lit.formats

config.name = "codesign"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["unit", "install", "Inputs"]
config.test_source_root = os.path.join(config.codesign_source_dir, "test")

path = [config.codesign_bin_dir, config.llvm_tools_dir, os.environ["PATH"]]
config.environment["PATH"] = os.pathsep.join(path)
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
config.environment["NO_COLOR"] = "1"
config.environment["CODESIGN_DATA_DIR"] = config.codesign_source_dir
config.substitutions.append(("%source", config.codesign_source_dir))

if shutil.which("nvcc"):
    config.available_features.add("nvcc")
else:
    lit_config.note("SKIPPED ptxas' report on the CUDA sources of test/emit: nvcc is not on the PATH; clang++-22 compiles them to PTX")

# `make test-long`
if "CODESIGN_TEST_LONG" in os.environ:
    config.available_features.add("long")
