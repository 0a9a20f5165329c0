# The image of the program: built from the packed packages, as an installation from the registry would be.
FROM node:26-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund \
  && npm run build \
  && mkdir /tarballs \
  && npm pack --workspace packages/verify --workspace packages/server --workspace packages/countersign \
    --pack-destination /tarballs
WORKDIR /app
RUN npm init --yes >/dev/null \
  && npm install --omit=dev --no-audit --no-fund /tarballs/*.tgz

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app /app
# Here and not in the stage before: not every builder keeps the owner of what it copies.
RUN mkdir data && chown node:node data && chmod 700 data
USER node
VOLUME /app/data
EXPOSE 3000
# Ready means that the database can be read and written.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", \
  "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/health/ready`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "node_modules/countersign/bin/countersign.js", "start"]
