# A small image with the program, git and ssh (for --push), curl and jq (for the GitLab template). Build: docker build -t linkwright .
# Use:   docker run --rm -v "$PWD:/fleet" linkwright validate

FROM swift:6.2-bookworm AS build
# Debian keeps the versions of a release, and drops superseded ones: a pinned version would stop the build one day.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgit2-dev libyaml-dev make pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift Makefile ./
COPY .ci/install .ci/install
COPY Sources Sources
COPY Tests Tests
COPY schemas schemas
COPY templates templates
RUN make install DESTDIR=/image PREFIX=/usr

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl git jq libgit2-1.5 libyaml-0-2 openssh-client zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    # The fleet is mounted, and belongs to whoever mounted it.
    && git config --system --add safe.directory '*'
COPY --from=build /image/ /
RUN linkwright version
WORKDIR /fleet
ENTRYPOINT ["linkwright"]
CMD ["help"]
