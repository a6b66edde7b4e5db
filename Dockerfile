# The service's image: Node runs the TypeScript as it is, so there is nothing to compile, only dependencies to install.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
# Alone, so that a change of the source does not install again.
COPY package.json package-lock.json .npmrc ./
# Exactly the lock file, no development packages, and no install scripts: no production dependency needs one.
# Type declarations and source maps are almost half of what is installed, and Node reads neither.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# One start without a database, so that the image has what Node makes of the source: see src/compile-cache.js. An entry is
# for one user, so `node` makes them; they are for reading only afterwards. A machine that is too slow for it has none (143: SIGTERM).
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
# A container has no host id of its own: asking for it would only make a warning at every start.
ENV NODE_ENV=production APP_ENV=production OTEL_NODE_RESOURCE_DETECTORS=service,process
WORKDIR /app
# Owned by root and read by `node`: the process cannot change its own code. It writes no file, so the root filesystem
# may be read-only.
COPY --from=dependencies /app/node_modules node_modules
COPY --from=compiled /app/node_modules/.cache node_modules/.cache
COPY package.json ./
COPY src src
# The traffic generator and the webhook receiver of docker-compose.yml: small, and they need no dependency.
COPY scripts/traffic.ts scripts/webhook.ts scripts/
COPY scripts/traffic scripts/traffic
USER node
EXPOSE 8000
# Node itself is process 1 and takes SIGTERM; npm or a shell in between would swallow it. Health checks are declared where
# the container runs, since the generator and the receiver share this image. After a quiet time V8 shrinks the space for new
# objects to what lives in it, and collects it many times as often when requests come again: not below 4 MB.
CMD ["node", "--min-semi-space-size=4", "--import", "./src/compile-cache.js", "--import", "./src/telemetry.ts", "src/main.ts"]
