# The program as one bundle on distroless Node.js: no shell, no package manager, no node_modules, a user that is a
# number, nothing written to the root file system. `npm run image` follows this file without Docker.

# Both bases are pinned to what their tags pointed to, for all platforms; Dependabot moves tag and digest together.
FROM --platform=$BUILDPLATFORM node:24.21.0-bookworm-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Scripts of packages are not run: the bundler needs none, and a build is no place for strangers' code.
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY scripts/build.ts scripts/build.ts
COPY scripts/build scripts/build
COPY src src
RUN node scripts/build.ts

FROM gcr.io/distroless/nodejs24-debian12:nonroot@sha256:14d42e2511532589a7c7e01a753667a74fcc96266e137e8125006b87b0c32d0a
LABEL org.opencontainers.image.title="tuf-recovery-operator" \
      org.opencontainers.image.description="Rebuilds a faynoSync server's lost TUF settings in Redis from the signed metadata in S3" \
      org.opencontainers.image.source="https://github.com/tuf-recovery-operator/tuf-recovery-operator" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/dist /app
COPY LICENSE /app/LICENSE
# The AWS SDK asks for a home directory; under another user id (OpenShift) there would be none.
# glibc gives each of the dozen threads of a Node.js process an arena of its own, where freed memory stays: of the 57 MiB of an idle leader
# two arenas save 7. And with each large block that is freed it raises the size from which an arena gives memory back, to 64 MiB at most: the
# fixed size, which is the one it begins with, keeps a controller that read large files 70 MiB smaller.
ENV NODE_ENV=production HOME=/app MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072
USER 65532:65532
WORKDIR /app
# V8 sizes its young generation by the memory it sees: 1 MiB under a limit of 512 MiB, which moves short-lived objects to the old
# generation and costs 15 % more CPU, and 64 MiB without a limit, which only looks like a leak. The old generation stays V8's business: it
# may grow to half of the container's limit. Measured with npm run bench:controller.
# With --expose-gc a controller gives back what its start and each burst of work took.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=8", "--expose-gc", "/app/tuf-recovery.js"]
CMD ["--help"]
