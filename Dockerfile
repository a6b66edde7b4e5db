# The service's image. Node runs the TypeScript directly, so there is nothing to compile, only dependencies to install.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
# Copied first, so that a source change does not install them again.
COPY package.json package-lock.json .npmrc ./
# Exactly the lock file, without development packages and install scripts, which no production dependency needs.
# Type declarations and source maps are almost half of the size, and Node reads neither.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# Starts the service once, without a database, to fill Node's compile cache: see src/compile-cache.js. Entries belong to one user,
# so `node` creates them; afterwards they are read-only. On a machine too slow for it the cache stays empty (143: SIGTERM).
FROM node:24-bookworm-slim AS compiled
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY src src
RUN mkdir node_modules/.cache && chown node node_modules/.cache
USER node
RUN APP_ENV=development MYSQL_URL=mysql://nobody@127.0.0.1:9/none SHUTDOWN_DELAY_MS=0 OTEL_EXPORTER_OTLP_TIMEOUT=100 \
    timeout --preserve-status 5 node --min-semi-space-size=4 --import ./src/compile-cache.js --import ./src/telemetry.ts src/main.ts || [ $? = 143 ]
USER root
RUN chown -R root:root node_modules/.cache && chmod -R a+rX node_modules/.cache

FROM node:24-bookworm-slim
# A container has no host id of its own; detecting one would only log a warning at every start.
ENV NODE_ENV=production APP_ENV=production OTEL_NODE_RESOURCE_DETECTORS=service,process
WORKDIR /app
# Owned by root and read by `node`, so the process cannot change its own code. It writes no files, so the root filesystem may
# be read-only.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=compiled /app/node_modules/.cache node_modules/.cache
COPY package.json ./
COPY src src
# For migrations apart from the start: node scripts/migrate.ts up
COPY scripts/migrate.ts scripts/
COPY scripts/scaffold/names.js scripts/scaffold/migration-file.js scripts/scaffold/
# example: begin
# The traffic generator and the webhook receiver of docker-compose.yml: small and without dependencies.
COPY scripts/example scripts/example
# example: end
USER node
EXPOSE 8000
# Node is process 1 and handles SIGTERM; npm or a shell in between would swallow it. Health checks are declared where the
# container runs, because they depend on its command. While idle, V8 shrinks the space for new objects, and then collects it far
# more often when requests return: 4 MB is the minimum.
CMD ["node", "--min-semi-space-size=4", "--import", "./src/compile-cache.js", "--import", "./src/telemetry.ts", "src/main.ts"]
