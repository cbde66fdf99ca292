# Linkwright: make demo, make test, make bench, make install.

SHELL := /bin/bash
PREFIX ?= /usr/local
BUILD_PACKAGES := libyaml-dev libgit2-dev zlib1g-dev pkg-config
TEST_PACKAGES := git make python3 json-schema-test-suite openssh-client openssh-server openssl gnupg zsh fish \
	graphviz chromium chromium-driver fonts-dejavu-core faketime qemu-user
RELEASE := -c release --static-swift-stdlib -Xlinker -s

.PHONY: all build release same-commit demo test lint bench install docs update-golden clean build-dependencies test-dependencies

all: build

build-dependencies:
	@command -v swift >/dev/null || { echo "linkwright: a Swift 6.2 toolchain or newer is needed on PATH: https://www.swift.org/install/linux" >&2; exit 2; }
	@.ci/install $(BUILD_PACKAGES)

test-dependencies: build-dependencies
	@.ci/install $(TEST_PACKAGES)
	@.ci/python

build: build-dependencies
	swift build --product linkwright

release: build-dependencies
	swift build $(RELEASE) --product linkwright

# The release gives the commit ids that were found elsewhere.
same-commit: release
	.ci/commit-ids "$$(swift build $(RELEASE) --show-bin-path)/linkwright"

# Compiles the platform documentation's own example and shows what comes out.
demo: build
	@.ci/demo "$$(swift build --show-bin-path)/linkwright"

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

# Everything: format, build with imports checked, all tests.
test: test-dependencies lint
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --skip-build --disable-xctest

# Rewrites golden files and the checked-in output of the examples; look at the difference before committing it.
update-golden: build
	UPDATE_GOLDEN=1 swift test --disable-xctest || true
	git status --short

# The reference pages that are generated from the schemas and the rules.
docs: build
	"$$(swift build --show-bin-path)/linkwright" rules -o markdown > docs/rules.md
	"$$(swift build --show-bin-path)/linkwright" schema -o markdown > docs/specification.md

bench: build-dependencies
	@.ci/install hyperfine jsonnet
	.ci/bench

install: release
	install -D -m 755 "$$(swift build $(RELEASE) --show-bin-path)/linkwright" "$(DESTDIR)$(PREFIX)/bin/linkwright"

clean:
	swift package clean
