# Two commands do everything on a bare Debian 12: `make demo` and `make test`. Both install missing packages first.
BUILD := build
OUT := out

.PHONY: demo test test-long test-foreign test-sass bench accuracy deb lint packages build format clean

## Plan Llama-3-8B for the MI300X and leave the plan and its kernels in out/.
demo: build/codesign
	$(BUILD)/bin/codesign plan examples/llama-3-8b/model.yaml --hw mi300x --out $(OUT)/llama-3-8b-mi300x

## Build and run every test.
test: build
	scripts/test.sh $(BUILD)

## The full-size runs that `make test` leaves out.
test-long: build
	CODESIGN_TEST_LONG=1 scripts/test.sh $(BUILD)

## Kernels from elsewhere in the simulator: AMD's AITER and what Triton compiles, fetched from PyPI into FOREIGN.
test-foreign: build
	scripts/foreign-kernels.sh $(BUILD) $(FOREIGN)

## The main loops for NVIDIA devices in machine code; NVIDIA's disassembler is fetched from PyPI.
test-sass: build
	scripts/sass.sh $(BUILD)

## Speed of the planner, the cost model and the simulator, as ratios and rates.
bench: build
	scripts/bench.sh $(BUILD)

## docs/accuracy.md: the error of every calibrated operator on the measurements in MEASUREMENTS (a folder of tables).
accuracy: build/codesign
	scripts/accuracy.sh $(BUILD)/bin/codesign $(MEASUREMENTS) > $(BUILD)/accuracy.md
	cp $(BUILD)/accuracy.md docs/accuracy.md

## A Debian package of the tool, in the build folder.
deb: build
	scripts/install-packages.sh deb
	cd $(BUILD) && cpack -G DEB

## Formatting, clang-tidy on changed files, and the second compiler.
lint: configure
	scripts/install-packages.sh lint
	scripts/lint.sh

format:
	git ls-files -z '*.h' '*.cpp' | xargs -0 clang-format-22 -i

packages:
	@scripts/install-packages.sh

.PHONY: configure build/codesign
configure: packages
	@[ -f $(BUILD)/build.ninja ] || cmake --preset dev

build: configure
	cmake --build $(BUILD)

build/codesign: configure
	cmake --build $(BUILD) --target codesign

clean:
	rm -rf $(BUILD) build-gcc build-sanitize $(OUT)
